#pragma once
// Opens files that others name, without being held up or fooled by what is not a file.

#include <cstdint>
#include <string>

namespace ferrum {

// An open regular file; closed on destruction.
class OpenFile {
 public:
  // Read-only. Throws kNotFound, kInvalidArgument for a directory or another thing that is no
  // regular file (a FIFO does not block), kIo.
  explicit OpenFile(const std::string& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  int64_t size() const { return size_; }

 private:
  int descriptor_;
  int64_t size_ = 0;
};

// A text that changes when the file at `path` is replaced or written. Throws as OpenFile.
std::string stamp_of_file(const std::string& path);

}  // namespace ferrum
