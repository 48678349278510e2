#include "weights/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    throw Error(ErrorCode::kNotFound, "there is no file " + path);
  }
  throw Error(ErrorCode::kIo, "cannot open " + path + ": " + std::strerror(error),
              error == EACCES ? "make the file readable for this user" : "");
}

void check_regular(const std::string& path, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return;
  throw Error(ErrorCode::kInvalidArgument,
              path + (S_ISDIR(status.st_mode) ? " is a directory" : " is not a regular file"),
              "name a file");
}

}  // namespace

OpenFile::OpenFile(const std::string& path)
    // O_NONBLOCK: opening a FIFO would wait for a writer. It changes nothing for regular files.
    : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
  if (path.find('\0') != std::string::npos || descriptor_ < 0) {
    const int error = descriptor_ < 0 ? errno : ENOENT;
    if (descriptor_ >= 0) close(descriptor_);
    fail(path, error);
  }
  struct stat status {};
  try {
    if (fstat(descriptor_, &status) != 0) fail(path, errno);
    check_regular(path, status);
  } catch (...) {
    close(descriptor_);
    throw;
  }
  size_ = status.st_size;
}

OpenFile::~OpenFile() { close(descriptor_); }

std::string stamp_of_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) fail(path, errno);
  check_regular(path, status);
  std::string stamp;
  for (const auto part : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                          static_cast<int64_t>(status.st_size),
                          static_cast<int64_t>(status.st_ctim.tv_sec),
                          static_cast<int64_t>(status.st_ctim.tv_nsec)}) {
    stamp += std::to_string(part) + ":";
  }
  return stamp;
}

}  // namespace ferrum
