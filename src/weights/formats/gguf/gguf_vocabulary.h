#pragma once
// The tokens of a GGUF file.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weights/formats/gguf/gguf_values.h"

namespace ferrum {

class GgufVocabulary {
 public:
  enum class Kind { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

  struct Token {
    std::string text;
    Kind kind = Kind::kNormal;
    float score = 0;
  };

  // Throws kInvalidFormat for lists of different lengths and ids outside the vocabulary.
  GgufVocabulary(const GgufValues& values, std::string file);

  const std::vector<Token>& tokens() const { return tokens_; }  // by id
  // The token of a role: "bos", "eos", "eot", "eom", "unknown", "padding".
  std::optional<int64_t> find_role(const std::string& role) const;
  const std::string& text(int64_t id) const { return tokens_[static_cast<size_t>(id)].text; }
  // Whether "add_bos_token" and its like are set.
  bool flag_or(const std::string& key, bool otherwise) const;
  std::string name_or(const std::string& key, const std::string& otherwise) const;
  // Pairs of tokens, as the file writes them: "left right".
  std::vector<std::string> merges() const { return values_.texts("tokenizer.ggml.merges"); }

  [[noreturn]] void fail(const std::string& why) const;

 private:
  const GgufValues& values_;
  const std::string file_;
  std::vector<Token> tokens_;
};

}  // namespace ferrum
