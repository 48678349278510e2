#pragma once
// A file that has its name only when it is whole.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "weights/downloads/file_lock.h"

namespace ferrum {

class OutputFile {
 public:
  // Begins a file of `bytes` beside `path`, room for it set aside where the file system can, and
  // removes what killed processes left of theirs. Throws kInvalidArgument where `path` is something
  // else than a file, kResourceExhausted, kIo.
  OutputFile(const std::filesystem::path& path, int64_t bytes);
  ~OutputFile();  // removes what was not published
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Inside the file, in any order, from several threads. Throws kResourceExhausted, kIo.
  void write(int64_t offset, std::span<const std::byte> bytes);
  void publish();

 private:
  void begin();

  std::filesystem::path path_, partial_;
  int descriptor_ = -1;
  std::optional<FileLock> lock_;  // of the partial file: it is nobody's leftover
  bool published_ = false;
};

}  // namespace ferrum
