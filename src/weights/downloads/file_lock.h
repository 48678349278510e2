#pragma once
// Advisory locks between processes (flock), on files that name what is locked.
//
// A lock ends with its object, or with its process however that ends. Not every file system has
// locks; who must be right there too asks state().

#include <filesystem>

namespace ferrum {

class FileLock {
 public:
  enum class State { kHeld, kBusy, kUnsupported };

  // Try at once, without waiting. `exclusive` makes the file where it is missing and throws kIo
  // where it cannot; `shared` and `exclusive_existing` leave kBusy for a file that is missing or
  // cannot be opened.
  static FileLock exclusive(const std::filesystem::path& path);
  static FileLock exclusive_existing(const std::filesystem::path& path);
  static FileLock shared(const std::filesystem::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  State state() const { return state_; }
  bool held() const { return state_ == State::kHeld; }

 private:
  FileLock(const std::filesystem::path& path, int descriptor, int operation);

  int descriptor_ = -1;
  State state_ = State::kBusy;
};

}  // namespace ferrum
