#include "weights/formats/gguf/gguf_merges.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace ferrum {
namespace {

// Every split of every token is looked up: its square is paid for.
constexpr size_t kMaxTokenBytes = 1024;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

int count_characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), begins_character));
}

struct Merge {
  float score;
  int left_characters, right_characters;
  size_t left, right;  // ids
};

}  // namespace

TokenPairs parse_merges(const GgufVocabulary& vocabulary) {
  TokenPairs pairs;
  for (const std::string& merge : vocabulary.merges()) {
    const size_t space = merge.find(' ', 1);
    if (space == merge.npos || space + 1 == merge.size()) {
      vocabulary.fail("has the merge '" + merge.substr(0, 200) + "', which is not two tokens");
    }
    pairs.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  return pairs;
}

TokenPairs merges_by_score(const GgufVocabulary& vocabulary) {
  const auto& tokens = vocabulary.tokens();
  std::unordered_map<std::string_view, size_t> ids;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].text.size() > kMaxTokenBytes) {
      vocabulary.fail("has a token of " + std::to_string(tokens[id].text.size()) + " bytes");
    }
    if (tokens[id].kind == GgufVocabulary::Kind::kNormal) ids.emplace(tokens[id].text, id);
  }
  std::vector<Merge> merges;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].kind != GgufVocabulary::Kind::kNormal) continue;
    const std::string_view text = tokens[id].text;
    const size_t first = merges.size();
    for (size_t at = 1; at < text.size(); ++at) {
      if (!begins_character(text[at])) continue;
      const auto left = ids.find(text.substr(0, at)), right = ids.find(text.substr(at));
      if (left == ids.end() || right == ids.end()) continue;
      merges.push_back({tokens[id].score, count_characters(left->first),
                        count_characters(right->first), left->second, right->second});
    }
    std::sort(merges.begin() + static_cast<std::ptrdiff_t>(first), merges.end(),
              [](const Merge& a, const Merge& b) {
                return std::tie(a.left, a.right) < std::tie(b.left, b.right);
              });
  }
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tie(a.score, a.left_characters, a.right_characters) >
           std::tie(b.score, b.left_characters, b.right_characters);
  });
  TokenPairs pairs;
  pairs.reserve(merges.size());
  for (const Merge& merge : merges) {
    pairs.emplace_back(tokens[merge.left].text, tokens[merge.right].text);
  }
  return pairs;
}

}  // namespace ferrum
