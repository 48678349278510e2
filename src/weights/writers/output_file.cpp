#include "weights/writers/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "ferrum/types/error.h"
#include "weights/disk.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

// A device or a folder must not be replaced by a file.
fs::path checked(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!path.has_filename() || (fs::exists(status) && !fs::is_regular_file(status))) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + " is " + (fs::is_directory(status) ? "a folder" : "not a file"),
                "name a file to write");
  }
  return fs::absolute(path);
}

}  // namespace

OutputFile::OutputFile(const fs::path& path, int64_t bytes)
    : path_(checked(path)),
      partial_(path_.parent_path() /
               ("." + path_.filename().string() + "." + random_suffix() + ".incomplete")),
      descriptor_(open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw write_error(path_, errno);
  try {
    reserve_room(descriptor_, path_, 0, bytes);
  } catch (...) {
    close(descriptor_);
    unlink(partial_.c_str());
    throw;
  }
}

OutputFile::~OutputFile() {
  close(descriptor_);
  if (!published_) unlink(partial_.c_str());
}

void OutputFile::write(int64_t offset, std::span<const std::byte> bytes) {
  write_at(descriptor_, path_, offset, bytes, static_cast<int64_t>(bytes.size()));
}

void OutputFile::publish() {
  publish_file(descriptor_, partial_, path_);
  published_ = true;
}

}  // namespace ferrum
