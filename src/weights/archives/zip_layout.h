#pragma once
// ZIP archives of stored entries whose sizes are known before the first byte: every entry has its
// place from the start, at a multiple of 64. ZIP64 records only where sizes or counts need them.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ferrum {

struct ZipRecord {
  std::string name;
  int64_t bytes = 0;
  uint32_t crc32 = 0;
  int64_t local_offset = 0;  // of the local header
  int64_t data_offset = 0;
};

// Gives the entries, of which name and size are set, their places in this order; returns where the
// directory begins. Throws kInvalidArgument for names that no archive should hold or hold twice,
// and for sizes that do not fit in 64 bits.
int64_t lay_out_zip(std::span<ZipRecord> records);

// What stands before the data of an entry.
std::string to_zip_local_header(const ZipRecord& record);
// The directory, which begins at `offset`, and the end records.
std::string to_zip_directory(std::span<const ZipRecord> records, int64_t offset);

}  // namespace ferrum
