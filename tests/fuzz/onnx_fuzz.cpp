// Any bytes as an ONNX model.

#include "fuzz/format_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ferrum::fuzz_format("onnx", data, size);
}
