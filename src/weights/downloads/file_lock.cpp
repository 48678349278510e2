#include "weights/downloads/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "weights/disk.h"

namespace ferrum {
namespace {

// Whether `path` still names the open file: the last holder may have removed it.
bool is_current(const std::filesystem::path& path, int descriptor) {
  struct stat named {
  }, opened{};
  return stat(path.c_str(), &named) == 0 && fstat(descriptor, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

int open_existing(const std::filesystem::path& path) {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, int descriptor, int operation)
    : descriptor_(descriptor) {
  if (descriptor_ < 0) return;
  int result = 0;
  do {
    result = flock(descriptor_, operation | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    state_ = is_current(path, descriptor_) ? State::kHeld : State::kBusy;
  } else if (errno != EWOULDBLOCK) {
    state_ = State::kUnsupported;  // ENOLCK of NFS, EOPNOTSUPP and ENOSYS of others
  }
  if (state_ != State::kHeld) close(std::exchange(descriptor_, -1));
}

FileLock FileLock::exclusive(const std::filesystem::path& path) {
  make_folders(path.parent_path());
  int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664);
  if (descriptor < 0) {
    const int error = errno;
    descriptor = open_existing(path);  // another user's may be locked, though not written
    if (descriptor < 0) throw write_error(path, error);
  }
  return FileLock(path, descriptor, LOCK_EX);
}

FileLock FileLock::exclusive_existing(const std::filesystem::path& path) {
  return FileLock(path, open_existing(path), LOCK_EX);
}

FileLock FileLock::shared(const std::filesystem::path& path) {
  return FileLock(path, open_existing(path), LOCK_SH);
}

FileLock::FileLock(FileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      state_(std::exchange(other.state_, State::kBusy)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(state_, other.state_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace ferrum
