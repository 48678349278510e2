#pragma once
// The tokenizer of a GGUF file as the tokenizer.json and the tokenizer_config.json of transformers.

#include <string>

#include "ferrum/types/json.h"
#include "weights/formats/gguf/gguf_values.h"

namespace ferrum {

// Whether the file has one.
bool has_gguf_tokenizer(const GgufValues& values);

// The ids of a text equal those of the tokenizer that the file was made from, as far as GGUF holds
// it: added tokens lose what transformers calls lstrip, rstrip and single_word.
//   gpt2   byte-level pair encoding; tokenizer.ggml.pre names how words are split
//   llama  SentencePiece pair encoding: any two tokens merge into one of the vocabulary, that of
//          the highest score first; bytes where the vocabulary has no character
// Throws kUnsupported for another model or way of splitting, kInvalidFormat. `file` is for
// messages.
std::string gguf_tokenizer(const GgufValues& values, const std::string& file);

// Special tokens by their roles, and the chat template.
Json gguf_tokenizer_config(const GgufValues& values, const std::string& file);

}  // namespace ferrum
