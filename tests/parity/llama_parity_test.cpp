// The Llama family against transformers, on tiny random models of every variant.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "backends/cpu/cpu_features.h"
#include "ferrum/engine/engine.h"
#include "parity/model_harness.h"

namespace ferrum {
namespace {

using Rows = std::vector<std::vector<float>>;

std::string folder_of(const std::string& name) {
  return std::string(FERRUM_SOURCE_DIR) + "/tests/parity/models/" + name;
}

struct Reference {
  std::vector<int32_t> prompt, greedy;
  std::vector<size_t> positions;
  Rows logits;
  double bf16, f16;
};

Reference read_reference(const std::string& name) {
  std::ifstream file(folder_of(name) + "/reference.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Json json = parse_json(text, name + "/reference.json");
  return {json.at("prompt"), json.at("greedy"), json.at("positions"), json.at("logits"),
          json.at("bf16"),   json.at("f16")};
}

// Largest difference, as a share of the expected values' range.
double deviation(const Rows& actual, const Rows& expected) {
  float low = INFINITY, high = -INFINITY, worst = 0;
  for (size_t r = 0; r < expected.size(); ++r) {
    for (size_t i = 0; i < expected[r].size(); ++i) {
      low = std::min(low, expected[r][i]);
      high = std::max(high, expected[r][i]);
      const float difference = std::abs(actual[r][i] - expected[r][i]);
      worst = difference <= worst ? worst : difference;  // NaN counts
    }
  }
  return worst / (high - low);
}

Rows at_positions(const Rows& rows, const std::vector<size_t>& positions) {
  Rows picked;
  for (const size_t position : positions) picked.push_back(rows.at(position));
  return picked;
}

std::vector<int32_t> drain(Generation& generation) {
  std::vector<int32_t> tokens;
  while (const auto piece = generation.next()) {
    tokens.insert(tokens.end(), piece->tokens.begin(), piece->tokens.end());
  }
  return tokens;
}

Request greedy_request(const Reference& reference) {
  Request request{reference.prompt, {}};
  request.sampling.temperature = 0;
  request.sampling.ignore_end = true;
  request.sampling.max_tokens = static_cast<int64_t>(reference.greedy.size());
  return request;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(""))) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class LlamaParity : public ::testing::TestWithParam<std::string> {
 protected:
  const Reference reference_ = read_reference(GetParam());
  const std::string folder_ = folder_of(GetParam());
  const int64_t length_ = static_cast<int64_t>(reference_.prompt.size());

  double deviation_with(const ModelHarness::Options& options) const {
    const Rows logits = ModelHarness(folder_, options).logits(reference_.prompt, length_);
    return deviation(at_positions(logits, reference_.positions), reference_.logits);
  }
};

TEST_P(LlamaParity, F32LogitsOnEveryInstructionSet) {
  for (const Isa isa : available_isas()) {
    const std::string name(to_string(isa));
    EXPECT_LE(deviation_with({.dtype = {}, .activation_dtype = DataType::kF32, .isa = name}), 1e-4)
        << name;
  }
}

TEST_P(LlamaParity, SixteenBitWeightsWithinWhatTransformersShows) {
  for (const Isa isa : available_isas()) {
    const std::string name(to_string(isa));
    const auto deviation_in = [&](DataType weights, DataType activations) {
      return deviation_with({.dtype = weights, .activation_dtype = activations, .isa = name});
    };
    EXPECT_LE(deviation_in(DataType::kBF16, DataType::kF32), reference_.bf16) << name;
    EXPECT_LE(deviation_in(DataType::kBF16, DataType::kBF16), reference_.bf16) << name;
    EXPECT_LE(deviation_in(DataType::kF16, DataType::kF32), reference_.f16) << name;
  }
}

TEST_P(LlamaParity, ChunkedPrefillGivesTheSameLogits) {
  ModelHarness model(folder_, {.dtype = {}, .activation_dtype = DataType::kF32, .isa = {}});
  const Rows whole = model.logits(reference_.prompt, length_);
  EXPECT_LE(deviation(model.logits(reference_.prompt, 7), whole), 1e-5);
  EXPECT_LE(deviation(model.logits(reference_.prompt, 1), whole), 1e-5);
}

TEST_P(LlamaParity, AStepAllocatesNothing) {
  for (const DataType dtype : {DataType::kF32, DataType::kBF16}) {
    ModelHarness model(folder_, {.dtype = dtype, .activation_dtype = dtype, .isa = {}});
    for (const int64_t chunk : {length_, int64_t{1}}) {
      model.logits(reference_.prompt, chunk);  // kernels may make scratch of a new size once
      model.logits(reference_.prompt, chunk);
      EXPECT_EQ(model.heap_bytes_of_last_step(), 0) << to_string(dtype) << ", steps of " << chunk;
    }
  }
}

TEST_P(LlamaParity, GreedyTokensWhateverTheChunk) {
  for (const int64_t step_tokens : {512, 7, 1}) {
    EngineConfig config;
    config.model = folder_;
    config.activation_dtype = DataType::kF32;
    config.max_sequences = 1;
    config.max_step_tokens = step_tokens;
    const auto engine = Engine::open(config);
    EXPECT_EQ(drain(*engine->submit(greedy_request(reference_))), reference_.greedy)
        << step_tokens << " tokens per step";
  }
}

TEST_P(LlamaParity, RequestsOfABatchDoNotDisturbEachOther) {
  EngineConfig config;
  config.model = folder_;
  config.activation_dtype = DataType::kF32;
  config.max_step_tokens = 24;
  config.cache_tokens = 1024;
  const auto engine = Engine::open(config);
  std::vector<std::unique_ptr<Generation>> generations;
  for (size_t i = 0; i < 5; ++i) {
    Request request = greedy_request(reference_);
    request.tokens.erase(request.tokens.begin(), request.tokens.begin() + static_cast<int>(i));
    generations.push_back(engine->submit(request));
  }
  EXPECT_EQ(drain(*generations.front()), reference_.greedy);
  for (size_t i = 1; i < generations.size(); ++i) {
    Request request = greedy_request(reference_);
    request.tokens.erase(request.tokens.begin(), request.tokens.begin() + static_cast<int>(i));
    const std::vector<int32_t> together = drain(*generations[i]);
    EXPECT_EQ(together, drain(*engine->submit(request))) << i;
  }
}

// Ids as tools/gguf_models.py numbers its tokens.
TEST(GgufModel, TokenizerAndChatTemplateAreInsideTheFile) {
  EngineConfig config;
  config.model = folder_of("gguf_q8_0") + "/gguf_q8_0.gguf";
  const auto engine = Engine::open(config);
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(engine->text_request("abc!").tokens, (Ids{1, 95, 'c' - 30, '!' - 30}));
  ASSERT_TRUE(engine->has_chat_template());
  EXPECT_EQ(engine->chat_request({{{"role", "user"}, {"content", "cab"}}}).tokens,
            (Ids{'c' - 30, 95, 2}));
  EXPECT_EQ(engine->model_info().head_dim, 8);
}

INSTANTIATE_TEST_SUITE_P(Models, LlamaParity, ::testing::ValuesIn(model_names()),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace ferrum
