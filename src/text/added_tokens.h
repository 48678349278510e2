#pragma once
// The "added_tokens" of a tokenizer file: spellings that are found in text before it is split.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ferrum/types/json.h"
#include "text/normalizer.h"
#include "text/vocabulary.h"

namespace ferrum {

// A part of a text: an added token, or (id -1) what lies between two of them.
struct Segment {
  size_t begin, end;
  int32_t id = -1;
};

// Immutable and thread-safe.
class AddedTokens {
 public:
  AddedTokens() = default;
  // Throws kInvalidFormat for a list that contradicts itself or the vocabulary.
  AddedTokens(const Json& list, const Vocabulary& vocabulary, const Normalizer& normalizer);

  // Spellings and ids, of those too that the model's vocabulary has.
  const Vocabulary& vocabulary() const { return vocabulary_; }
  bool is_special(int32_t id) const;

  // Tokens are looked for twice: those that are not to be normalized in the text as it came, the
  // others in the normalized text between them. At each place the longest is taken.
  std::vector<Segment> split_raw(std::string_view text, bool parse_special) const;
  std::vector<Segment> split_normalized(std::string_view text, bool parse_special) const;

  // What the decoder reads for a token: the spelling that was looked for.
  std::string_view decoded_spelling(int32_t id) const;

 private:
  struct Token {
    int32_t id = 0;
    std::string content;  // as it is looked for
    bool special = false, single_word = false, lstrip = false, rstrip = false, normalized = true;
  };

  // A prefix tree over bytes.
  struct Trie {
    struct Node {
      int32_t token = -1;  // index into tokens_
      std::vector<std::pair<char, int32_t>> next;
    };
    std::vector<Node> nodes{1};

    void insert(const std::string& text, int32_t token);
    int32_t step(int32_t node, char byte) const;  // -1 where no token goes on
  };

  static Token parse_token(const Json& json);
  std::vector<Segment> split(std::string_view text, const Trie& trie, bool parse_special) const;
  static bool stands_alone(std::string_view text, size_t begin, size_t end);

  std::vector<Token> tokens_;
  std::unordered_map<int32_t, size_t> by_id_;
  Vocabulary vocabulary_;
  Trie raw_;
  Trie normalized_;
};

}  // namespace ferrum
