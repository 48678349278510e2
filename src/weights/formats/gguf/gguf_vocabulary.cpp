#include "weights/formats/gguf/gguf_vocabulary.h"

#include <cmath>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

std::string full(const std::string& key) { return "tokenizer.ggml." + key; }

}  // namespace

GgufVocabulary::GgufVocabulary(const GgufValues& values, std::string file)
    : values_(values), file_(std::move(file)) {
  for (std::string& text : values.texts(full("tokens"))) tokens_.push_back({std::move(text)});
  const std::vector<double> kinds = values.numbers(full("token_type"));
  const std::vector<double> scores = values.numbers(full("scores"));
  if ((!kinds.empty() && kinds.size() != tokens_.size()) ||
      (!scores.empty() && scores.size() != tokens_.size())) {
    fail("has " + std::to_string(tokens_.size()) + " tokens, " + std::to_string(kinds.size()) +
         " types and " + std::to_string(scores.size()) + " scores of tokens");
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    // 0 is undefined, and others are to come: tokens as any other.
    if (kinds[i] >= 1 && kinds[i] <= 6) tokens_[i].kind = static_cast<Kind>(kinds[i]);
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) fail("has a token whose score is no number");
    tokens_[i].score = static_cast<float>(scores[i]);
  }
  for (const char* role : {"bos", "eos", "eot", "eom"}) {
    const auto id = find_role(role);
    if (id && tokens_[static_cast<size_t>(*id)].kind == Kind::kNormal) {
      tokens_[static_cast<size_t>(*id)].kind = Kind::kControl;
    }
  }
}

std::optional<int64_t> GgufVocabulary::find_role(const std::string& role) const {
  const Json* id = values_.find(full(role + "_token_id"));
  if (!id) return std::nullopt;
  if (!id->is_number_integer() || *id < 0 || *id >= tokens_.size()) {
    fail("has " + std::to_string(tokens_.size()) + " tokens; its " + role + " token is " +
         id->dump());
  }
  return id->get<int64_t>();
}

bool GgufVocabulary::flag_or(const std::string& key, bool otherwise) const {
  const Json* value = values_.find(full(key));
  if (!value) return otherwise;
  if (!value->is_boolean()) fail("has a " + full(key) + " that is neither true nor false");
  return value->get<bool>();
}

std::string GgufVocabulary::name_or(const std::string& key, const std::string& otherwise) const {
  const Json* value = values_.find(full(key));
  if (!value) return otherwise;
  if (!value->is_string()) fail("has a " + full(key) + " that is not a string");
  return value->get<std::string>();
}

void GgufVocabulary::fail(const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat, file_ + " " + why);
}

}  // namespace ferrum
