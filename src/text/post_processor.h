#pragma once
// The "post_processor" of a tokenizer file: special tokens around an encoded text.

#include <cstdint>
#include <vector>

#include "ferrum/types/json.h"

namespace ferrum {

struct PostProcessor {
  std::vector<int32_t> prefix;
  std::vector<int32_t> suffix;

  // Reads ByteLevel (which only concerns offsets), TemplateProcessing for a single text, and
  // sequences of them. Throws kUnsupported for another kind.
  static PostProcessor parse(const Json& json);
};

}  // namespace ferrum
