// Ids and text equal those of Hugging Face tokenizers; tools/make_tokenizer_references.py wrote
// them, and says what the files mean.

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "ferrum/text/detokenizer.h"
#include "ferrum/text/tokenizer.h"
#include "ferrum/text/utf8.h"
#include "ferrum/types/json.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

std::string read_file(const std::string& name) {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/parity/tokenizers/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Json read_json(const std::string& name) { return parse_json(read_file(name), name); }

std::string decode_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
    count += 6;
    if (count >= 8) out += static_cast<char>(bits >> (count -= 8));
  }
  return out;
}

std::vector<std::string> read_texts(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list) {
    if (item.is_string()) {
      texts.push_back(item.get<std::string>());
    } else if (item.contains("base64")) {
      texts.push_back(decode_base64(item["base64"].get<std::string>()));
    } else {
      std::string text;
      for (int i = 0; i < item["repeat"][1].get<int>(); ++i) {
        text += item["repeat"][0].get<std::string>();
      }
      texts.push_back(text);
    }
  }
  return texts;
}

// The entry of a sparse list, or what holds where there is none.
template <class T>
T exception_or(const Json& sparse, size_t i, const T& otherwise) {
  const auto found = sparse.find(std::to_string(i));
  return found == sparse.end() ? otherwise : found->get<T>();
}

std::string stream(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip) {
  StreamDetokenizer detokenizer(tokenizer, skip);
  std::string text;
  for (const int32_t id : ids) {
    const std::string part = detokenizer.push(id);
    EXPECT_EQ(find_invalid_utf8(part), std::nullopt);
    text += part;
  }
  return text + detokenizer.finish();
}

void expect_parity(const Tokenizer& tokenizer, const std::vector<std::string>& texts,
                   const Json& expected) {
  using Ids = std::vector<int32_t>;
  const auto prefix = expected["prefix"].get<Ids>();
  const auto suffix = expected["suffix"].get<Ids>();
  ASSERT_EQ(expected["ids"].size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE("text " + std::to_string(i) + ": " + Json(texts[i]).dump(
        -1, ' ', false, Json::error_handler_t::replace).substr(0, 300));
    const auto ids = expected["ids"][i].get<Ids>();
    EXPECT_EQ(tokenizer.encode(texts[i], {.add_special_tokens = false}), ids);
    Ids whole = prefix;
    whole.insert(whole.end(), ids.begin(), ids.end());
    whole.insert(whole.end(), suffix.begin(), suffix.end());
    EXPECT_EQ(tokenizer.encode(texts[i]), whole);
    EXPECT_EQ(tokenizer.encode(texts[i], {.add_special_tokens = false, .parse_special = false}),
              exception_or(expected["plain"], i, ids));

    std::string valid;
    append_valid_utf8(texts[i], valid);
    const auto decoded = exception_or(expected["decoded"], i, valid);
    const auto kept = exception_or(expected["kept"], i, valid);
    EXPECT_EQ(tokenizer.decode(ids), decoded);
    EXPECT_EQ(tokenizer.decode(ids, false), kept);
    EXPECT_EQ(stream(tokenizer, ids, true), decoded);
    EXPECT_EQ(stream(tokenizer, ids, false), kept);
  }
}

class TokenizerParity : public testing::TestWithParam<const char*> {};

TEST_P(TokenizerParity, EveryText) {
  const std::string name = GetParam();
  const auto texts = read_texts(read_json("texts.json"));
  ASSERT_GE(texts.size(), 2000u);
  const auto tokenizer = Tokenizer::parse(read_file(name + ".json"));
  expect_parity(*tokenizer, texts, read_json(name + ".expected.json"));
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, TokenizerParity,
                         testing::Values("gpt2", "llama3", "qwen2", "llama2"));

TEST(TokenizerVariants, EveryKindOfEveryPart) {
  const Json file = read_json("variants.json");
  const auto texts = read_texts(file["texts"]);
  ASSERT_GE(file["variants"].size(), 50u);
  for (const Json& variant : file["variants"]) {
    SCOPED_TRACE(variant["name"]);
    Json document = read_json(variant["base"].get<std::string>() + ".json");
    document.update(variant["patch"]);
    const auto tokenizer = Tokenizer::parse(document.dump());
    expect_parity(*tokenizer, texts, variant["expected"]);
  }
}

}  // namespace
}  // namespace ferrum
