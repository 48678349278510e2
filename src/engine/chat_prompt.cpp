#include "engine/chat_prompt.h"

#include <array>
#include <optional>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

// A special token as tokenizer_config.json writes it: its text, or an object with the text.
std::optional<std::string> token_text(const OrderedJson& config, const char* key) {
  const auto it = config.find(key);
  if (it == config.end()) return std::nullopt;
  if (it->is_string()) return it->get<std::string>();
  if (it->is_object() && it->contains("content") && it->at("content").is_string()) {
    return it->at("content").get<std::string>();
  }
  return std::nullopt;
}

// The templates of "chat_template": one text, or a list of {name, template}.
struct TemplateTexts {
  std::optional<std::string> usual, tools;
};

TemplateTexts template_texts(const ModelFiles& files, const OrderedJson& config) {
  TemplateTexts texts;
  if (files.contains("chat_template.jinja")) {
    texts.usual = files.read_text("chat_template.jinja", ChatTemplateLimits{}.source_bytes);
    return texts;
  }
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return texts;
  if (found->is_string()) {
    texts.usual = found->get<std::string>();
    return texts;
  }
  try {
    for (const OrderedJson& entry : *found) {
      const auto name = entry.at("name").get<std::string>();
      if (name == "default") texts.usual = entry.at("template").get<std::string>();
      if (name == "tool_use") texts.tools = entry.at("template").get<std::string>();
    }
  } catch (const OrderedJson::exception&) {
    throw Error(ErrorCode::kInvalidFormat,
                files.location() + "/tokenizer_config.json: \"chat_template\" is neither a text "
                                   "nor a list of named templates");
  }
  return texts;
}

}  // namespace

std::unique_ptr<ChatPrompt> ChatPrompt::open(const ModelFiles& files, const Tokenizer& tokenizer) {
  OrderedJson config = OrderedJson::object();
  if (files.contains("tokenizer_config.json")) {
    config = read_ordered_json(files, "tokenizer_config.json");
  }
  if (!config.is_object()) {
    throw Error(ErrorCode::kInvalidFormat,
                files.location() + "/tokenizer_config.json is not a JSON object");
  }
  const TemplateTexts texts = template_texts(files, config);
  if (!texts.usual) return nullptr;
  const auto parse = [&](const std::string& text) {
    return at_location(files, [&] { return ChatTemplate::parse(text); });
  };
  std::unique_ptr<ChatPrompt> prompt(new ChatPrompt(tokenizer, parse(*texts.usual)));
  if (texts.tools) prompt->tool_template_ = std::make_unique<ChatTemplate>(parse(*texts.tools));
  constexpr std::array kNames{"bos_token", "eos_token",  "unk_token", "sep_token",
                              "pad_token", "cls_token", "mask_token"};
  for (const char* name : kNames) {
    if (const auto text = token_text(config, name)) prompt->special_tokens_[name] = *text;
  }
  return prompt;
}

std::vector<int32_t> ChatPrompt::encode(const OrderedJson& messages,
                                        const OrderedJson& extra) const {
  if (!messages.is_array() || !extra.is_object()) {
    throw Error(ErrorCode::kInvalidArgument, "messages must be a JSON array of objects");
  }
  const std::string mark = SpecialTokenGuard::find_mark({messages, extra});
  OrderedJson context = special_tokens_;
  context["messages"] = guard_.cut(messages, mark);
  context["tools"] = nullptr;
  context["documents"] = nullptr;
  context["add_generation_prompt"] = true;
  for (const auto& [key, value] : extra.items()) context[key] = guard_.cut(value, mark);
  const bool with_tools = tool_template_ && !context["tools"].is_null();
  return guard_.encode((with_tools ? *tool_template_ : template_).render(context), mark);
}

}  // namespace ferrum
