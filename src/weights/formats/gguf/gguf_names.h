#pragma once
// The tensors of a GGUF file under the names, and in the order of rows, that transformers gives
// them: what the model families of this engine ask for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weights/formats/gguf/gguf_values.h"

namespace ferrum {

struct TransformersTensor {
  std::string name;
  // Rows of queries and keys lie in pairs (i, i + d/2) of the d rows of each head, as RoPE turns
  // them; transformers has the first half of each head before the second. 0: as they are.
  int64_t paired_heads = 0;
};

class GgufNames {
 public:
  // Throws kUnsupported for an architecture whose names are not known here, kInvalidFormat.
  GgufNames(const GgufValues& values, const std::string& file);

  // Nothing for a tensor that transformers keeps in config.json. A name that is not known stays.
  std::optional<TransformersTensor> find(std::string_view name) const;

 private:
  int64_t heads_ = 0, kv_heads_ = 0;
};

}  // namespace ferrum
