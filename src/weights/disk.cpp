#include "weights/disk.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <string>

#include "ferrum/types/format_bytes.h"
#include "weights/open_file.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

std::optional<int64_t> free_bytes(const fs::path& folder) {
  struct statvfs status {};
  if (statvfs(folder.c_str(), &status) != 0) return std::nullopt;
  return static_cast<int64_t>(status.f_bavail) * static_cast<int64_t>(status.f_frsize);
}

bool is_full(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

// A descriptor for as long as one function runs.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

}  // namespace

Error write_error(const fs::path& path, int error, int64_t needed) {
  const std::string folder = path.parent_path().string();
  if (!is_full(error)) {
    return Error(ErrorCode::kIo, "cannot write " + path.string() + ": " + std::strerror(error),
                 error == EROFS || error == EACCES || error == EPERM
                     ? "make " + folder + " writable, or choose another folder"
                     : "");
  }
  std::string message = "cannot write " + path.string() + ": " + std::strerror(error);
  if (needed > 0) message += "; " + format_bytes(needed) + " are needed";
  if (const auto free = free_bytes(folder); free && error == ENOSPC) {
    message += ", " + format_bytes(*free) + " are free";
  }
  return Error(ErrorCode::kResourceExhausted, message,
               error == EFBIG ? "raise the limit on file sizes (ulimit -f)"
                              : "free some room, or choose another folder");
}

bool file_exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool file_exists(const fs::path& path, int64_t bytes) {
  std::error_code error;
  return fs::file_size(path, error) == static_cast<uintmax_t>(bytes) && !error;
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw write_error(folder / "", error.value());
}

void reserve_room(int descriptor, const fs::path& path, int64_t begin, int64_t end) {
  if (begin >= end) return;
  const auto free = free_bytes(path.parent_path());
  if (free && *free < end - begin) throw write_error(path, ENOSPC, end - begin);
  if (fallocate(descriptor, FALLOC_FL_KEEP_SIZE, begin, end - begin) == 0) return;
  const int error = errno;  // what cannot be done for the kind of file system is no failure
  if (is_full(error)) throw write_error(path, error, end - begin);
}

void write_at(int descriptor, const fs::path& path, int64_t offset,
              std::span<const std::byte> bytes, int64_t needed) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(descriptor, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw write_error(path, count < 0 ? errno : EIO, needed);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += count;
    needed -= count;
  }
}

std::string read_file(const fs::path& path, int64_t max_bytes) {
  const OpenFile file(path.string());
  if (file.size() > max_bytes) {
    throw Error(ErrorCode::kInvalidFormat, path.string() + " has " + std::to_string(file.size()) +
                                               " bytes, at most " + std::to_string(max_bytes) +
                                               " are read");
  }
  std::string text(static_cast<size_t>(file.size()), '\0');
  for (size_t done = 0; done < text.size();) {
    const ssize_t count =
        pread(file.descriptor(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Error(ErrorCode::kIo, "cannot read " + path.string() + ": " + std::strerror(errno));
    }
    if (count == 0) text.resize(done);
    done += static_cast<size_t>(count);
  }
  return text;
}

void replace_file(const fs::path& path, std::string_view content) {
  fs::path fresh = path;
  fresh += "." + random_suffix() + ".tmp";
  const Descriptor file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() < 0) throw write_error(path, errno);
  try {
    write_at(file.get(), path, 0, std::as_bytes(std::span(content)),
             static_cast<int64_t>(content.size()));
    if (rename(fresh.c_str(), path.c_str()) != 0) throw write_error(path, errno);
  } catch (...) {
    unlink(fresh.c_str());
    throw;
  }
}

void publish_file(int descriptor, const fs::path& from, const fs::path& to) {
  if (fsync(descriptor) != 0) throw write_error(from, errno);
  if (rename(from.c_str(), to.c_str()) != 0) throw write_error(to, errno);
  const Descriptor folder(open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot flush a folder; the file itself is safe by now.
  if (folder.get() >= 0) fsync(folder.get());
}

std::string random_suffix() {
  std::random_device entropy;
  char text[9];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(entropy()));
  return text;
}

}  // namespace ferrum
