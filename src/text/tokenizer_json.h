#pragma once
// The document tokenizer.json with its two long lists apart: as JSON values they would take most
// of the time to load a model's tokenizer.

#include <cstdint>
#include <string_view>
#include <vector>

#include "ferrum/types/json.h"
#include "text/vocabulary.h"

namespace ferrum {

struct TokenizerJson {
  Json document;             // in it, model.vocab and model.merges are null if they were read
  bool has_vocab = false;
  bool has_merges = false;
  StringList tokens;         // model.vocab
  std::vector<int32_t> ids;
  StringList merges;         // model.merges: left, right, left, right, ...
};

// Throws kInvalidFormat.
TokenizerJson parse_tokenizer_json(std::string_view text);

}  // namespace ferrum
