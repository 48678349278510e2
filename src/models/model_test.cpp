#include "ferrum/models/model.h"
#include "support/expect_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferrum {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Json llama_config() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"vocab_size", 100},
          {"hidden_size", 32},
          {"intermediate_size", 48},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"max_position_embeddings", 512}};
}

std::unique_ptr<ModelSpec> parse(const Json& config) {
  ModelFamilyCatalog catalog("model family");
  register_models(catalog);
  return parse_model_config(catalog, config);
}

Error error_of(const Json& config) {
  return test::error_of([&] { parse(config); });
}

Json with(const char* key, const Json& value) {
  Json config = llama_config();
  config[key] = value;
  return config;
}

bool declares(const ModelSpec& spec, const std::string& name) {
  for (const auto& weight : spec.weights()) {
    if (weight.name == name) return true;
  }
  return false;
}

TEST(ModelConfig, SizesAndParametersOfLlama) {
  const auto spec = parse(llama_config());
  EXPECT_EQ(spec->info().family, "llama");
  EXPECT_EQ(spec->info().head_dim, 8);
  EXPECT_EQ(spec->info().kv_heads, 2);
  EXPECT_EQ(spec->info().max_positions, 512);
  // embedding, head: 2 * 100 * 32; per layer q, o: 2 * 32 * 32, k, v: 2 * 16 * 32,
  // mlp: 3 * 48 * 32, norms: 2 * 32; the last norm: 32
  EXPECT_EQ(spec->info().parameters, 6400 + 2 * (2048 + 1024 + 4608 + 64) + 32);
  EXPECT_EQ(spec->info().lookup_parameters, 3200);
}

TEST(ModelConfig, TiedEmbeddingsHaveNoHead) {
  const auto spec = parse(with("tie_word_embeddings", true));
  EXPECT_FALSE(declares(*spec, "lm_head.weight"));
  EXPECT_EQ(spec->info().lookup_parameters, 0);
}

TEST(ModelConfig, BiasesAreDeclaredWhereTheConfigSaysSo) {
  EXPECT_FALSE(declares(*parse(llama_config()), "model.layers.0.self_attn.q_proj.bias"));
  EXPECT_TRUE(declares(*parse(with("attention_bias", true)),
                       "model.layers.1.self_attn.o_proj.bias"));
  EXPECT_TRUE(declares(*parse(with("mlp_bias", true)), "model.layers.1.mlp.down_proj.bias"));
}

TEST(ModelConfig, MistralHasTheDefaultsOfItsFamily) {
  Json config = with("architectures", {"MistralForCausalLM"});
  config.erase("num_key_value_heads");
  config["num_attention_heads"] = 16;
  EXPECT_EQ(parse(config)->info().kv_heads, 8);
  EXPECT_EQ(parse(config)->info().sliding_window, 4096);
  config["sliding_window"] = nullptr;
  EXPECT_EQ(parse(config)->info().sliding_window, 0);
  config["sliding_window"] = 7;
  EXPECT_EQ(parse(config)->info().sliding_window, 7);
}

TEST(ModelConfig, LlamaHasNoWindowWhateverTheConfigSays) {
  EXPECT_EQ(parse(with("sliding_window", 4))->info().sliding_window, 0);
}

TEST(ModelConfig, UnknownArchitectureIsRefusedByNameWithTheKnownOnes) {
  const Error error = error_of(with("architectures", {"GptNeoForCausalLM"}));
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), HasSubstr("GptNeoForCausalLM"));
  EXPECT_THAT(error.hint(), AllOf(HasSubstr("LlamaForCausalLM"), HasSubstr("MistralForCausalLM")));
}

TEST(ModelConfig, WrongValuesAreRefusedByKey) {
  const std::vector<std::pair<const char*, Json>> wrong = {
      {"hidden_size", -1},          {"hidden_size", 32.5},        {"vocab_size", "many"},
      {"vocab_size", 3000000000},   {"num_hidden_layers", 99999}, {"num_attention_heads", 0},
      {"num_attention_heads", 3},   {"num_key_value_heads", 3},   {"head_dim", 1 << 30},
      {"rms_norm_eps", "tiny"},     {"rms_norm_eps", -1e-5},      {"attention_bias", 1},
      {"tie_word_embeddings", "x"}, {"architectures", Json::array()}};
  for (const auto& [key, value] : wrong) {
    const Error error = error_of(with(key, value));
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat) << key << " " << value;
  }
  Json missing = llama_config();
  missing.erase("intermediate_size");
  EXPECT_THAT(error_of(missing).message(), HasSubstr("intermediate_size"));
}

TEST(ModelConfig, OtherActivationsAreRefusedByName) {
  const Error error = error_of(with("hidden_act", "gelu"));
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), HasSubstr("gelu"));
}

TEST(ModelConfig, InfoSurvivesJson) {
  const ModelInfo info = parse(llama_config())->info();
  const Json json = info;
  EXPECT_EQ(Json(json.get<ModelInfo>()), json);
}

}  // namespace
}  // namespace ferrum
