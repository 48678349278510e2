#pragma once
// What a GGUF file says of its model, as the config.json and the generation_config.json of
// transformers.

#include "ferrum/types/json.h"
#include "weights/formats/gguf/gguf_file.h"

namespace ferrum {

// Throws kUnsupported for a model that config.json cannot describe, or that no family here runs;
// kInvalidFormat.
Json gguf_config(const GgufFile& file);

// Where answers end, and how they are drawn.
Json gguf_generation_config(const GgufFile& file);

}  // namespace ferrum
