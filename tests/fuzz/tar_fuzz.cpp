// Any bytes as a tar archive: refused with an Error, or every file lies inside.

#include <cstdint>
#include <cstdlib>

#include "ferrum/types/error.h"
#include "support/ranged_source.h"
#include "weights/archives/tar_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ferrum::test::RangedBytes source("fuzz.tar", {reinterpret_cast<const char*>(data), size});
  try {
    const ferrum::TarArchive archive(source);
    for (const auto& entry : archive.entries()) {
      if (archive.find(entry.name) != &entry) std::abort();
      if (entry.offset < 0 || entry.bytes < 0 || entry.offset > source.size() - entry.bytes) {
        std::abort();
      }
    }
  } catch (const ferrum::Error&) {
  }
  return 0;
}
