#pragma once
// What a model's files say about text: the tokenizer, the chat template, where answers end, and
// how they are drawn by default.

#include <memory>
#include <vector>

#include "engine/chat_prompt.h"
#include "ferrum/engine/sampling_params.h"
#include "ferrum/text/tokenizer.h"
#include "ferrum/weights/model_files.h"

namespace ferrum {

struct ModelText {
  std::unique_ptr<Tokenizer> tokenizer;  // null without a tokenizer.json
  std::unique_ptr<ChatPrompt> chat;      // null without a template
  std::vector<int32_t> end_tokens;       // generation_config.json's, else config.json's
  SamplingParams sampling;               // temperature 0 where the model states nothing
};

ModelText open_model_text(const ModelFiles& files, const Json& config);

}  // namespace ferrum
