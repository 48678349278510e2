#pragma once
// The end records and the central directory of a ZIP archive.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weights/archives/zip_archive.h"

namespace ferrum {

inline constexpr int64_t kMaxZipEntries = int64_t{1} << 20;
inline constexpr int64_t kMaxZipDirectoryBytes = int64_t{128} << 20;

// Whether an entry may have the name: text of UTF-8 without control characters that leads to no
// place outside the folder into which one may unpack it.
bool is_zip_name(std::string_view name);

struct ZipDirectory {
  std::vector<ZipArchive::Entry> entries;
  int64_t offset = 0;  // where it begins, and with that the end of the last entry
};

// Reads the end of the file, and the directory if that was not within. Throws as ZipArchive.
ZipDirectory read_zip_directory(const ByteSource& source);

// Where the entry ends at the earliest: its local header may be longer than the directory tells.
int64_t zip_entry_end(const ZipArchive::Entry& entry);

// Where the bytes of `entry` begin, which end at `limit` the latest. Reads its local header, which
// must agree with the directory. Throws kInvalidFormat.
int64_t find_zip_data(const ByteSource& source, const ZipArchive::Entry& entry, int64_t limit);

}  // namespace ferrum
