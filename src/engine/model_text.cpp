#include "engine/model_text.h"

namespace ferrum {
namespace {

constexpr int64_t kMaxTokenizerBytes = 256 << 20;
constexpr int64_t kMaxConfigBytes = 16 << 20;

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
  return parse_json(files.read_text(kName, kMaxConfigBytes), kName);
}

}  // namespace

ModelText open_model_text(const ModelFiles& files, const Json& config) {
  ModelText text;
  if (files.contains("tokenizer.json")) {
    text.tokenizer = Tokenizer::parse(files.read_text("tokenizer.json", kMaxTokenizerBytes));
    text.chat = ChatPrompt::open(files, *text.tokenizer);
  }
  const Json generation = read_generation_config(files);
  text.sampling = sampling_defaults(generation);
  text.end_tokens = end_tokens_of(generation, "generation_config.json");
  if (text.end_tokens.empty()) text.end_tokens = end_tokens_of(config, "config.json");
  return text;
}

}  // namespace ferrum
