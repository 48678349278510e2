#include "engine/model_text.h"

namespace ferrum {
namespace {

constexpr int64_t kMaxTokenizerBytes = 256 << 20;

// "eos_token_id": an id, a list of them, or nothing.
std::vector<int32_t> end_tokens_of(const Json& config, const char* file) {
  const auto it = config.find("eos_token_id");
  if (it == config.end() || it->is_null()) return {};
  std::vector<int32_t> ids;
  for (const Json& id : it->is_array() ? *it : Json::array({*it})) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX) {
      throw Error(ErrorCode::kInvalidFormat, std::string(file) +
                                                 ": \"eos_token_id\" must be a token id or a list "
                                                 "of them, found " + it->dump());
    }
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

Json read_generation_config(const ModelFiles& files) {
  constexpr const char* kName = "generation_config.json";
  if (!files.contains(kName)) return Json::object();
  return read_json(files, kName);
}

}  // namespace

ModelText open_model_text(const ModelFiles& files, const Json& config) {
  ModelText text;
  if (files.contains("tokenizer.json")) {
    const std::string json = files.read_text("tokenizer.json", kMaxTokenizerBytes);
    text.tokenizer = at_location(files, [&] { return Tokenizer::parse(json); });
    text.chat = ChatPrompt::open(files, *text.tokenizer);
  }
  const Json generation = read_generation_config(files);
  at_location(files, [&] {
    text.sampling = sampling_defaults(generation);
    text.end_tokens = end_tokens_of(generation, "generation_config.json");
    if (text.end_tokens.empty()) text.end_tokens = end_tokens_of(config, "config.json");
  });
  return text;
}

}  // namespace ferrum
