// Any bytes as a .npy file.

#include "fuzz/format_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ferrum::fuzz_format("numpy", data, size);
}
