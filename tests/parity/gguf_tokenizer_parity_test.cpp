// The tokenizer of a GGUF file gives the ids of the tokenizer.json that the file was made from
// (tools/make_gguf_references.py), which in turn gives those of Hugging Face tokenizers
// (tokenizer_parity_test).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "ferrum/text/tokenizer.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/gguf_bytes.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

using testing::HasSubstr;

const std::string kTokenizers = FERRUM_SOURCE_DIR "/tests/parity/tokenizers/";
const std::string kFiles = FERRUM_SOURCE_DIR "/tests/data/weights/gguf/";

Json read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return parse_json(std::string{std::istreambuf_iterator<char>(file), {}}, path);
}

// What GGUF does not hold of an added token is what it is by default.
std::unique_ptr<Tokenizer> parse_original(const std::string& name) {
  Json document = read_file(kTokenizers + name + ".json");
  for (Json& token : document["added_tokens"]) {
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) token[key] = false;
  }
  if (name == "llama2") document["model"]["merges"] = read_file(kFiles + "llama2_merges.json");
  return Tokenizer::parse(document.dump());
}

std::unique_ptr<Tokenizer> parse_gguf(const std::string& path) {
  const auto files = open_model(create_weight_catalogs(), path);
  return Tokenizer::parse(files->read_text("tokenizer.json", 1 << 24));
}

std::vector<std::string> read_texts() {
  std::vector<std::string> texts;
  for (const Json& item : read_file(kTokenizers + "texts.json")) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

class GgufTokenizerParity : public testing::TestWithParam<const char*> {};

TEST_P(GgufTokenizerParity, EveryText) {
  const std::string name = GetParam();
  const auto original = parse_original(name);
  const auto tokenizer = parse_gguf(kFiles + name + "_vocabulary.gguf");
  const std::vector<std::string> texts = read_texts();
  ASSERT_GE(texts.size(), 1800u);
  for (const std::string& text : texts) {
    SCOPED_TRACE(text.substr(0, 100));
    const auto ids = original->encode(text);
    EXPECT_EQ(tokenizer->encode(text), ids);
    const EncodeOptions plain{.add_special_tokens = false, .parse_special = false};
    EXPECT_EQ(tokenizer->encode(text, plain), original->encode(text, plain));
    EXPECT_EQ(tokenizer->decode(ids), original->decode(ids));
    EXPECT_EQ(tokenizer->decode(ids, false), original->decode(ids, false));
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, GgufTokenizerParity,
                         testing::Values("gpt2", "llama3", "qwen2", "llama2"));

class GgufTokenizerTest : public testing::Test {
 protected:
  // A vocabulary of three tokens, as `kind` of tokenizer.
  static GgufBytes vocabulary(const std::string& kind) {
    GgufBytes file;
    file.key("tokenizer.ggml.model", GgufBytes::kText, GgufBytes::text(kind));
    file.key("tokenizer.ggml.tokens", GgufBytes::kList,
             GgufBytes::list<std::string>(GgufBytes::kText, {"a", "b", "ab"}));
    return file;
  }
  static GgufBytes& add_list(GgufBytes& file, const std::string& key,
                             const std::vector<float>& values) {
    return file.key("tokenizer.ggml." + key, GgufBytes::kList,
                    GgufBytes::list(GgufBytes::kF32, values));
  }
  std::string path_of(const GgufBytes& file) const { return folder_.write("x.gguf", file.bytes()); }

  void expect_refused(const GgufBytes& file, ErrorCode code, const std::string& what) {
    try {
      parse_gguf(path_of(file));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
  }

 private:
  test::TempFolder folder_;
};

TEST_F(GgufTokenizerTest, WholeTokenizerInsideIsTakenAsItIs) {
  std::ifstream file(kTokenizers + "gpt2.json", std::ios::binary);
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  GgufBytes bytes = vocabulary("of another kind");
  bytes.key("tokenizer.huggingface.json", GgufBytes::kText, GgufBytes::text(document));
  EXPECT_EQ(parse_gguf(path_of(bytes))->encode("Hello"),
            Tokenizer::parse(document)->encode("Hello"));
}

TEST_F(GgufTokenizerTest, ScoresSayWhatMergesFirstAndTheBeginIsAdded) {
  GgufBytes file;
  file.key("tokenizer.ggml.model", GgufBytes::kText, GgufBytes::text("llama"));
  file.key("tokenizer.ggml.tokens", GgufBytes::kList,
           GgufBytes::list<std::string>(GgufBytes::kText, {"<s>", "a", "b", "ab", "bb"}));
  add_list(file, "scores", {0, 0, 0, -2, -1});
  file.key("tokenizer.ggml.bos_token_id", GgufBytes::kU32, GgufBytes::number(0u));
  file.key("tokenizer.ggml.add_space_prefix", GgufBytes::kBool, GgufBytes::number<uint8_t>(0));
  const auto tokenizer = parse_gguf(path_of(file));
  EXPECT_EQ(tokenizer->encode("ab"), (std::vector<int32_t>{0, 3}));
  EXPECT_EQ(tokenizer->encode("abb"), (std::vector<int32_t>{0, 1, 4}));  // of the higher score
  EXPECT_TRUE(tokenizer->is_special(0));
}

TEST_F(GgufTokenizerTest, WhatIsNotKnownIsNamed) {
  expect_refused(vocabulary("bert"), ErrorCode::kUnsupported, "\"bert\"");
  GgufBytes file = vocabulary("gpt2");
  expect_refused(file, ErrorCode::kUnsupported, "splits words by \"\"");
  file.key("tokenizer.ggml.pre", GgufBytes::kText, GgufBytes::text("chinese-bert"));
  expect_refused(file, ErrorCode::kUnsupported, "\"chinese-bert\"");
}

TEST_F(GgufTokenizerTest, ListsThatContradictTheVocabularyAreRefused) {
  const auto with_list = [](const std::string& key, const std::vector<float>& values) {
    GgufBytes file = vocabulary("llama");
    add_list(file, key, values);
    return file;
  };
  expect_refused(with_list("scores", {1, 2}), ErrorCode::kInvalidFormat, "2 scores");
  expect_refused(with_list("token_type", {1}), ErrorCode::kInvalidFormat, "1 types");
  expect_refused(with_list("scores", {1, 2, NAN}), ErrorCode::kInvalidFormat, "no number");
  for (const uint32_t id : {3u, ~0u}) {
    GgufBytes file = vocabulary("llama");
    file.key("tokenizer.ggml.bos_token_id", GgufBytes::kU32, GgufBytes::number(id));
    expect_refused(file, ErrorCode::kInvalidFormat, "its bos token is " + std::to_string(id));
  }
  GgufBytes file = vocabulary("gpt2");
  file.key("tokenizer.ggml.pre", GgufBytes::kText, GgufBytes::text("gpt-2"));
  file.key("tokenizer.ggml.merges", GgufBytes::kList,
           GgufBytes::list<std::string>(GgufBytes::kText, {"ab"}));
  expect_refused(file, ErrorCode::kInvalidFormat, "the merge 'ab'");
}

}  // namespace
}  // namespace ferrum
