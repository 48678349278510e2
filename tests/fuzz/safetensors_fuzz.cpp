// Any bytes as a safetensors file.

#include "fuzz/format_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ferrum::fuzz_format("safetensors", data, size);
}
