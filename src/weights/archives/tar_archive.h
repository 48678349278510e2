#pragma once
// A tar archive over ranges of bytes, of plain files alone.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
//
// Opening reads the headers. Names are only compared, never used as paths. Refused: links, devices
// and folders, names that occur twice, files that reach past the end.
// Immutable, and so thread-safe.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

class TarArchive {
 public:
  // Throws kInvalidFormat; kUnsupported for what is no plain file.
  explicit TarArchive(const ByteSource& source);

  struct Entry {
    std::string name;
    int64_t offset = 0;  // of its bytes
    int64_t bytes = 0;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* find(std::string_view name) const;  // null where there is none

 private:
  std::vector<Entry> entries_;
};

inline constexpr size_t kTarHeaderBytes = 512;
inline constexpr size_t kMaxTarEntries = 1000;

// Whether 512 bytes are a header: their sum is the one that they state.
bool is_tar_header(std::span<const std::byte> bytes);

}  // namespace ferrum
