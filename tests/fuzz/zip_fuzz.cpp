// Any bytes as a ZIP archive: refused with an Error, or every entry yields what it declares.

#include <cstdlib>

#include "ferrum/types/error.h"
#include "support/ranged_source.h"
#include "weights/archives/zip_archive.h"

namespace {

constexpr int64_t kMostBytes = int64_t{1} << 22;  // so that no input takes long

int64_t count(const ferrum::ZipArchive& archive, const ferrum::ZipArchive::Entry& entry,
              int64_t begin, int64_t end) {
  int64_t bytes = 0;
  archive.stream(entry, begin, end, [&](std::span<const std::byte> chunk) {
    bytes += static_cast<int64_t>(chunk.size());
    if (bytes > end - begin) std::abort();
  });
  return bytes;
}

void read_entry(const ferrum::ZipArchive& archive, const ferrum::ZipArchive::Entry& entry) {
  if (archive.find(entry.name) != &entry) std::abort();
  if (entry.bytes > kMostBytes) return;
  const int64_t begin = entry.bytes / 3, end = entry.bytes / 2;
  if (count(archive, entry, 0, entry.bytes) != entry.bytes) std::abort();
  if (count(archive, entry, begin, end) != end - begin) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const ferrum::ZipArchive archive(std::make_shared<ferrum::test::RangedBytes>(
        "fuzz.zip", std::string(reinterpret_cast<const char*>(data), size)));
    for (const auto& entry : archive.entries()) {
      try {
        read_entry(archive, entry);
      } catch (const ferrum::Error&) {
      }
    }
  } catch (const ferrum::Error&) {
  }
  return 0;
}
