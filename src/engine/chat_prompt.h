#pragma once
// From a conversation to the tokens the model was trained to answer.

#include <memory>
#include <vector>

#include "engine/special_token_guard.h"
#include "ferrum/text/chat_template.h"
#include "ferrum/text/tokenizer.h"
#include "ferrum/weights/model_files.h"

namespace ferrum {

class ChatPrompt {
 public:
  // Reads chat_template.jinja, or "chat_template" of tokenizer_config.json, and the special tokens
  // that templates may name. Null for a model without a template. Borrows `tokenizer`.
  static std::unique_ptr<ChatPrompt> open(const ModelFiles& files, const Tokenizer& tokenizer);

  // `extra` overrides the context that transformers passes: messages, tools, documents,
  // add_generation_prompt and the special tokens. Only the template itself writes special tokens.
  std::vector<int32_t> encode(const OrderedJson& messages, const OrderedJson& extra) const;

 private:
  ChatPrompt(const Tokenizer& tokenizer, ChatTemplate usual)
      : guard_(tokenizer), template_(std::move(usual)) {}

  SpecialTokenGuard guard_;
  ChatTemplate template_;
  std::unique_ptr<ChatTemplate> tool_template_;  // where a model has its own for tools
  OrderedJson special_tokens_ = OrderedJson::object();  // bos_token, eos_token, ...
};

}  // namespace ferrum
