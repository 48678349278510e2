// A GGUF file as a model; the numbers that it gives are in tests/parity.

#include "weights/formats/gguf/gguf_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/host_tensor_factory.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kSmall = FERRUM_SOURCE_DIR "/tests/data/weights/gguf/small_llama.gguf";

class GgufModelTest : public testing::Test {
 protected:
  std::unique_ptr<ModelFiles> open(const std::string& path) { return open_model(catalogs, path); }

  // A model's head without a tensor but the embedding of 4 tokens, of 32 elements.
  static GgufBytes head(const std::string& architecture = "llama") {
    GgufBytes file;
    file.key("general.architecture", GgufBytes::kText, GgufBytes::text(architecture));
    for (const char* key : {"context_length", "embedding_length", "block_count",
                            "feed_forward_length"}) {
      file.key(architecture + "." + key, GgufBytes::kU32, GgufBytes::number(32u));
    }
    file.key(architecture + ".attention.head_count", GgufBytes::kU32, GgufBytes::number(4u));
    file.tensor("token_embd.weight", {32, 4}, 0, 0).data(std::string(512, '\0'));
    return file;
  }
  static GgufBytes head_with(const std::string& key, uint32_t type, std::string_view value) {
    return head().key("llama." + key, type, value);
  }

  void expect_config_refused(const GgufBytes& file, ErrorCode code, const std::string& what) {
    test::expect_error(code, AllOf(HasSubstr("x.gguf"), HasSubstr(what)), [&] {
      open(folder.write("x.gguf", file.bytes()))->read_text("config.json", 1 << 20);
    });
  }

  test::TempFolder folder;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(GgufModelTest, ConfigIsWhatTransformersWouldWrite) {
  const auto model = open(kSmall);
  const Json config = read_json(*model, "config.json");
  EXPECT_EQ(config.at("architectures"), Json({"LlamaForCausalLM"}));
  EXPECT_EQ(config.at("vocab_size"), 8);
  EXPECT_EQ(config.at("hidden_size"), 32);
  EXPECT_EQ(config.at("num_attention_heads"), 2);
  EXPECT_EQ(config.at("num_key_value_heads"), 1);
  EXPECT_EQ(config.at("head_dim"), 16);
  EXPECT_EQ(config.at("max_position_embeddings"), 64);
  EXPECT_EQ(config.at("rms_norm_eps"), 1e-5f);
  EXPECT_EQ(config.at("tie_word_embeddings"), true);
  EXPECT_EQ(config.at("rope_scaling").at("short_factor"), Json({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(read_json(*model, "generation_config.json"), Json({{"eos_token_id", {2}}}));
  EXPECT_EQ(read_json(*model, "tokenizer_config.json"),
            Json({{"bos_token", "<s>"},
                  {"eos_token", "</s>"},
                  {"unk_token", "<unk>"},
                  {"chat_template", "{{ messages }}"}}));
}

TEST_F(GgufModelTest, TensorsAreThoseOfTransformers) {
  const ModelWeights weights(*open(kSmall), *loader);
  std::vector<std::string> names;
  for (const auto& [name, entry] : weights.tensors()) names.push_back(name);
  EXPECT_THAT(names, testing::ElementsAre("model.embed_tokens.weight",
                                          "model.layers.0.self_attn.k_proj.weight",
                                          "model.layers.0.self_attn.q_proj.weight"));
}

TEST_F(GgufModelTest, RangesOfHeadsAreThoseOfTheWhole) {
  const ModelWeights weights(*open(kSmall), *loader);
  for (const std::string part : {"q", "k"}) {
    const std::string name = "model.layers.0.self_attn." + part + "_proj.weight";
    const int64_t rows = weights.find(name)->info.shape[0];
    const auto load = [&](std::vector<TensorTransformation> steps, const Shape& shape) {
      const ModelWeights::Request request{name, shape, std::move(steps)};
      return weights.load(std::span(&request, 1), Device::cpu())[0];
    };
    const Tensor whole = load({}, {rows, 32});
    const auto bytes = [](const Tensor& tensor) {
      return std::string_view(static_cast<const char*>(tensor.raw_data()),
                              static_cast<size_t>(tensor.size_bytes()));
    };
    for (int64_t begin = 0; begin < rows; begin += 5) {
      const int64_t end = std::min(begin + 9, rows);
      const Tensor range = load({TensorTransformation::slice(0, begin, end)}, {end - begin, 32});
      const size_t row = bytes(whole).size() / static_cast<size_t>(rows);
      EXPECT_EQ(bytes(range), bytes(whole).substr(static_cast<size_t>(begin) * row,
                                                  bytes(range).size())) << begin;
    }
    const Tensor columns = load({TensorTransformation::slice(1, 7, 8)}, {rows, 1});
    EXPECT_EQ(columns.numel(), rows);
  }
}

TEST_F(GgufModelTest, WhatConfigCannotDescribeIsRefusedByName) {
  const auto number = [](uint32_t value) { return GgufBytes::number(value); };
  const auto refused = [&](const GgufBytes& file, const std::string& what) {
    expect_config_refused(file, ErrorCode::kUnsupported, what);
  };
  refused(head("qwen9"), "\"qwen9\"");
  refused(head_with("expert_count", GgufBytes::kU32, number(8)), "mixture of experts");
  refused(head_with("rope.dimension_count", GgufBytes::kU32, number(4)), "RoPE turns in part");
  refused(head_with("attention.value_length", GgufBytes::kU32, number(4)), "differ in length");
  refused(head_with("rope.scaling.type", GgufBytes::kText, GgufBytes::text("su")), "\"su\"");
  const auto list = GgufBytes::list<uint32_t>(GgufBytes::kU32, {1, 2});
  refused(head_with("attention.head_count_kv", GgufBytes::kList, list), "layers that differ");
  std::vector<uint32_t> many(65, 1);  // more than are kept in memory
  many.back() = 2;
  refused(head_with("attention.head_count_kv", GgufBytes::kList,
                    GgufBytes::list<uint32_t>(GgufBytes::kU32, many)),
          "layers that differ");
}

TEST_F(GgufModelTest, AListForManyLayersIsTheNumberThatAllHave) {
  const GgufBytes file = head_with("attention.head_count_kv", GgufBytes::kList,
                                   GgufBytes::list(GgufBytes::kU32, std::vector<uint32_t>(80, 2)));
  const auto model = open(folder.write("x.gguf", file.bytes()));
  EXPECT_EQ(read_json(*model, "config.json").at("num_key_value_heads"), 2);
}

TEST_F(GgufModelTest, BrokenHeadsAreRefusedByKey) {
  const auto refused = [&](const GgufBytes& file, const std::string& what) {
    expect_config_refused(file, ErrorCode::kInvalidFormat, what);
  };
  refused(GgufBytes(), "architecture");
  refused(head_with("attention.head_count_kv", GgufBytes::kU32, GgufBytes::number(0u)),
          "llama.attention.head_count_kv");
  refused(head_with("rope.freq_base", GgufBytes::kText, GgufBytes::text("x")), "rope.freq_base");
  GgufBytes vocabulary;
  vocabulary.key("general.architecture", GgufBytes::kText, GgufBytes::text("llama"));
  refused(vocabulary, "token_embd.weight");
}

TEST_F(GgufModelTest, HeadsThatDoNotDivideTheRowsAreRefused) {
  GgufBytes file = head();
  file.tensor("blk.0.attn_q.weight", {1, 12}, 0, 512).data(std::string(48, '\0'));
  const auto model = open(folder.write("x.gguf", file.bytes()));
  EXPECT_THROW(ModelWeights(*model, *loader), Error);
}

TEST_F(GgufModelTest, AFolderOfOneFileIsThatModel) {
  std::filesystem::copy_file(kSmall, folder.path() / "a.gguf");
  std::filesystem::copy_file(kSmall, folder.path() / "a-00002-of-00003.gguf");  // no model alone
  EXPECT_TRUE(open(folder.path())->contains("model.gguf"));
  std::filesystem::copy_file(kSmall, folder.path() / "b.gguf");
  test::expect_error(ErrorCode::kInvalidArgument, HasSubstr("a.gguf, b.gguf"),
                     [&] { open(folder.path()); });
  EXPECT_TRUE(open(folder.path() / "b.gguf")->contains("model.gguf"));
  folder.write("model.safetensors", "");
  EXPECT_FALSE(open(folder.path())->contains("model.gguf"));
}

TEST_F(GgufModelTest, OnlyFirstPartsMayBeModels) {
  for (const char* name : {"x.gguf", "x-00001-of-00003.gguf", "00002-of-00003.gguf", "-of-.gguf"}) {
    EXPECT_TRUE(may_be_gguf_model(name)) << name;
  }
  for (const char* name : {"x", "x.gguf.txt", "x-00002-of-00003.gguf"}) {
    EXPECT_FALSE(may_be_gguf_model(name)) << name;
  }
}

}  // namespace
}  // namespace ferrum
