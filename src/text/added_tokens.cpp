#include "text/added_tokens.h"

#include <algorithm>

#include "text/json_kinds.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

// Looking for a token takes at most this many steps at every byte of a text.
constexpr size_t kMaxTokenBytes = 1024;

[[noreturn]] void refuse(const std::string& content, const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat,
              "the tokenizer's added token '" + content.substr(0, 200) + "' " + why);
}

size_t white_space_before(std::string_view text, size_t from, size_t end) {
  while (end > from) {
    const CodePoint c = last_code_point(text.substr(from, end - from));
    if (!is_white_space(c.value)) break;
    end -= c.bytes;
  }
  return end;
}

size_t white_space_after(std::string_view text, size_t begin) {
  while (begin < text.size()) {
    const CodePoint c = first_code_point(text.substr(begin));
    if (!is_white_space(c.value)) break;
    begin += c.bytes;
  }
  return begin;
}

}  // namespace

AddedTokens::Token AddedTokens::parse_token(const Json& json) {
  Token token;
  Json id;
  JsonReader reader(json, "added token");
  reader.require("id", id);
  reader.require("content", token.content);
  reader.read("single_word", token.single_word);
  reader.read("lstrip", token.lstrip);
  reader.read("rstrip", token.rstrip);
  reader.read("special", token.special);
  token.normalized = !token.special;
  reader.read("normalized", token.normalized);
  reader.finish();
  token.id = to_token_id(id);
  if (token.content.empty()) refuse(token.content, "is empty");
  if (token.content.size() > kMaxTokenBytes) {
    refuse(token.content, "is longer than " + std::to_string(kMaxTokenBytes) + " bytes");
  }
  return token;
}

AddedTokens::AddedTokens(const Json& list, const Vocabulary& model, const Normalizer& normalizer) {
  if (list.is_null()) return;
  if (!list.is_array()) {
    throw Error(ErrorCode::kInvalidFormat, "added_tokens of tokenizer.json is not a list");
  }
  StringList spellings;
  std::vector<int32_t> ids;
  for (const Json& json : list) {
    Token token = parse_token(json);
    const auto id = model.find(token.content);
    const auto owner = model.token(token.id);
    if (id ? *id != token.id : owner.has_value()) {
      refuse(token.content,
             "has the id " + std::to_string(token.id) + ", in the vocabulary " +
                 (id ? "it has " + std::to_string(*id)
                     : "that is '" + std::string(owner->substr(0, 200)) + "'"));
    }
    spellings.add(token.content);
    ids.push_back(token.id);
    if (token.normalized) normalizer.apply(token.content);
    if (!token.content.empty()) {
      (token.normalized ? normalized_ : raw_)
          .insert(token.content, static_cast<int32_t>(tokens_.size()));
    }
    by_id_[token.id] = tokens_.size();
    tokens_.push_back(std::move(token));
  }
  vocabulary_ = Vocabulary(std::move(spellings), std::move(ids));
}

bool AddedTokens::is_special(int32_t id) const {
  const auto found = by_id_.find(id);
  return found != by_id_.end() && tokens_[found->second].special;
}

std::string_view AddedTokens::decoded_spelling(int32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::string_view() : tokens_[found->second].content;
}

void AddedTokens::Trie::insert(const std::string& text, int32_t token) {
  int32_t node = 0;
  for (const char byte : text) {
    int32_t next = step(node, byte);
    if (next < 0) {
      next = static_cast<int32_t>(nodes.size());
      nodes[static_cast<size_t>(node)].next.emplace_back(byte, next);
      nodes.emplace_back();
    }
    node = next;
  }
  if (nodes[static_cast<size_t>(node)].token >= 0) refuse(text, "is listed twice");
  nodes[static_cast<size_t>(node)].token = token;
}

int32_t AddedTokens::Trie::step(int32_t node, char byte) const {
  for (const auto& [label, next] : nodes[static_cast<size_t>(node)].next) {
    if (label == byte) return next;
  }
  return -1;
}

std::vector<Segment> AddedTokens::split_raw(std::string_view text, bool parse_special) const {
  return split(text, raw_, parse_special);
}

std::vector<Segment> AddedTokens::split_normalized(std::string_view text,
                                                   bool parse_special) const {
  return split(text, normalized_, parse_special);
}

bool AddedTokens::stands_alone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !is_word_character(last_code_point(text.substr(0, begin)).value)) &&
         (end == text.size() || !is_word_character(first_code_point(text.substr(end)).value));
}

// A match that is passed over, being special or inside a word, still covers its text.
std::vector<Segment> AddedTokens::split(std::string_view text, const Trie& trie,
                                        bool parse_special) const {
  std::vector<Segment> segments;
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const Token* longest = nullptr;
    size_t match_end = 0;
    int32_t node = 0;
    for (size_t i = at; i < text.size() && (node = trie.step(node, text[i])) >= 0; ++i) {
      const int32_t token = trie.nodes[static_cast<size_t>(node)].token;
      if (token < 0) continue;
      longest = &tokens_[static_cast<size_t>(token)];
      match_end = i + 1;
    }
    if (!longest) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = match_end;
    at = match_end;
    if (longest->special && !parse_special) continue;
    if (longest->single_word && !stands_alone(text, begin, end)) continue;
    if (longest->lstrip) begin = white_space_before(text, std::min(done, begin), begin);
    if (longest->rstrip) end = white_space_after(text, end);
    if (done < begin) segments.push_back({done, begin});
    segments.push_back({begin, end, longest->id});
    done = end;
  }
  if (done < text.size()) segments.push_back({done, text.size()});
  return segments;
}

}  // namespace ferrum
