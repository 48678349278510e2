// Any bytes as a PyTorch file: a ZIP archive, a stream of pickles or a tar archive.

#include "fuzz/format_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ferrum::fuzz_format("pytorch", data, size);
}
