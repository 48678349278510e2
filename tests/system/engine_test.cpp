// Engines opened from files: what they refuse, what they warn of, what they promise.

#include "ferrum/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "ferrum/engine/random_engine.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// An f32 safetensors file with its matrices cut to bf16, its vectors as they were.
std::string with_bf16_matrices(const std::string& file) {
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  Json header = parse_json(file.substr(sizeof length, length), "header");
  std::string data;
  for (auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const size_t begin = data.size(), from = sizeof length + length;
    const size_t first = entry["data_offsets"][0], last = entry["data_offsets"][1];
    if (entry["shape"].size() < 2) {
      data += file.substr(from + first, last - first);
    } else {
      entry["dtype"] = "BF16";
      for (size_t at = first; at < last; at += 4) data += file.substr(from + at + 2, 2);
    }
    entry["data_offsets"] = {begin, data.size()};
  }
  return safetensors_bytes(header.dump(), data);
}

// What an engine that may choose takes for bf16 weights.
DataType best_for_bf16(Engine& engine) {
  return engine.backend().capabilities().supports_native_bf16 ? DataType::kBF16 : DataType::kF32;
}

// A copy of a tiny random model that a test may spoil.
class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    const fs::path models = fs::path(FERRUM_SOURCE_DIR) / "tests" / "parity" / "models";
    for (const char* name : {"config.json", "model.safetensors"}) {
      folder_.write(name, read_file(models / "mha" / name));
    }
    config_.model = folder_.path();
  }

  void set(const char* key, const Json& value) {
    Json config = parse_json(read_file(folder_.path() / "config.json"), "config.json");
    config[key] = value;
    folder_.write("config.json", config.dump());
  }

  Error error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorCode::kInternal, "no error");
  }
  Error open_error() {
    return error_of([this] { Engine::open(config_); });
  }

  test::TempFolder folder_;
  EngineConfig config_;
};

TEST_F(EngineTest, SaysWhatItOpened) {
  const auto engine = Engine::open(config_);
  EXPECT_EQ(engine->model_info().architecture, "LlamaForCausalLM");
  EXPECT_EQ(engine->memory_plan().context_tokens, 256);
  EXPECT_EQ(engine->memory_plan().weight_bytes, engine->model_info().parameters * 4);
  EXPECT_EQ(engine->memory_plan().weight_dtype, DataType::kF32);
  EXPECT_EQ(engine->status().cache_blocks_total, 16);
  EXPECT_THAT(engine->warnings(), IsEmpty());
}

TEST_F(EngineTest, ACastHalvesTheWeights) {
  config_.dtype = DataType::kBF16;
  const auto engine = Engine::open(config_);
  EXPECT_EQ(engine->memory_plan().weight_bytes, engine->model_info().parameters * 2);
  EXPECT_EQ(engine->memory_plan().weight_dtype, DataType::kBF16);
}

TEST_F(EngineTest, ActivationsFollowTheWeightsAndTheBackend) {
  config_.max_sequences = 1;
  const auto chosen = [this](auto weights, auto wanted, const char* isa = nullptr) {
    config_.dtype = weights;
    config_.activation_dtype = wanted;
    config_.backend.backend_options = isa ? Json{{"isa", isa}} : Json::object();
    const auto engine = Engine::open(config_);
    const MemoryPlan& plan = engine->memory_plan();
    EXPECT_EQ(plan.kv_bytes_per_token * 8, 2 * 2 * 32 * bits_of(plan.activation_dtype));
    return std::pair(plan.activation_dtype, best_for_bf16(*engine));
  };
  const std::optional<DataType> open;
  EXPECT_EQ(chosen(open, open).first, DataType::kF32);
  EXPECT_EQ(chosen(DataType::kF16, open).first, DataType::kF32);
  const auto [first, best] = chosen(DataType::kBF16, open);
  EXPECT_EQ(first, best);
  EXPECT_EQ(chosen(DataType::kBF16, open, "scalar").first, DataType::kF32);
  EXPECT_EQ(chosen(DataType::kBF16, DataType::kF32).first, DataType::kF32);
  EXPECT_EQ(chosen(open, DataType::kBF16).first, DataType::kBF16);
}

TEST_F(EngineTest, NormsInF32DoNotDecideTheActivations) {
  const fs::path weights = folder_.path() / "model.safetensors";
  folder_.write("model.safetensors", with_bf16_matrices(read_file(weights)));
  const auto engine = Engine::open(config_);
  EXPECT_EQ(engine->memory_plan().weight_dtype, DataType::kBF16);
  EXPECT_EQ(engine->memory_plan().activation_dtype, best_for_bf16(*engine));
  Request request{{5, 6}, {}};
  request.sampling.ignore_end = true;
  request.sampling.max_tokens = 5;
  const auto generation = engine->submit(request);
  while (generation->next()) {
  }
  EXPECT_EQ(generation->usage().completion_tokens, 5);
}

TEST_F(EngineTest, ProgressEndsAtTheTotal) {
  OpenProgress last;
  std::vector<std::string> stages;
  Engine::open(config_, {}, [&](const OpenProgress& progress) {
    if (stages.empty() || stages.back() != progress.stage) {
      EXPECT_EQ(last.done, last.total);
      stages.emplace_back(progress.stage);
    } else {
      EXPECT_GE(progress.done, last.done);
    }
    last = progress;
  });
  EXPECT_THAT(stages, ElementsAre("reading", "weights"));
  EXPECT_GT(last.total, 0);
  EXPECT_EQ(last.done, last.total);
}

TEST_F(EngineTest, PreparedWeightsAreMadeOnce) {
  const test::TempFolder cache;
  config_.weights.cache_dir = cache.path();
  config_.dtype = DataType::kF16;
  const auto first_tokens = [&] {
    const auto engine = Engine::open(config_);
    Request request{{5, 6}, {}};
    request.sampling.ignore_end = true;
    request.sampling.temperature = 0;
    request.sampling.max_tokens = 5;
    const auto generation = engine->submit(request);
    std::vector<int32_t> tokens;
    while (const auto piece = generation->next()) {
      tokens.insert(tokens.end(), piece->tokens.begin(), piece->tokens.end());
    }
    return tokens;
  };
  const auto count_files = [&] {
    const fs::recursive_directory_iterator all(cache.path());
    return std::count_if(begin(all), end(all), [](const auto& entry) {
      return entry.is_regular_file() && !entry.path().has_extension();
    });
  };
  config_.weights.enable_caching = false;
  const std::vector<int32_t> expected = first_tokens();
  EXPECT_EQ(count_files(), 0);
  config_.weights.enable_caching = true;
  EXPECT_EQ(first_tokens(), expected);
  EXPECT_EQ(count_files(), 1);
  EXPECT_EQ(first_tokens(), expected);
  EXPECT_EQ(count_files(), 1);
}

TEST_F(EngineTest, ACacheThatCannotBeWrittenIsAWarning) {
  const test::TempFolder cache;
  config_.weights.cache_dir = cache.write("file", "") / "below";  // no folder can be made there
  config_.dtype = DataType::kF16;
  EXPECT_THAT(Engine::open(config_)->warnings(),
              testing::Contains(HasSubstr("not kept for the next start")));
}

TEST_F(EngineTest, OpeningCanBeStopped) {
  std::stop_source stop;
  stop.request_stop();
  const Error error = error_of([&] { Engine::open(config_, stop.get_token()); });
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
}

TEST_F(EngineTest, MissingAndMisshapenWeightsAreNamed) {
  set("num_hidden_layers", 3);
  Error error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("model.layers.2."));
  set("num_hidden_layers", 2);
  set("intermediate_size", 65);
  error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("mlp"), HasSubstr("[64, 32]"),
                                     HasSubstr("[65, 32]")));
}

TEST_F(EngineTest, QuantisedCheckpointsAreRefusedByMethod) {
  set("quantization_config", {{"quant_method", "gptq"}, {"bits", 4}});
  const Error error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("gptq\", which this build lacks"),
                                     HasSubstr("missing: gptq, awq")));
  set("quantization_config",
      {{"quant_method", "compressed-tensors"}, {"format", "pack-quantized"}});
  EXPECT_THAT(open_error().message(), HasSubstr("decodes (int4) but no backend computes with yet"));
  set("quantization_config", {{"quant_method", "abacus"}});
  EXPECT_THAT(open_error().message(), AllOf(HasSubstr("abacus\", which is not known here"),
                                            HasSubstr("missing: gptq, awq")));
}

TEST_F(EngineTest, ConfigsThatMakeNoSenseAreRefused) {
  const auto refused = [this](const std::function<void(EngineConfig&)>& spoil) {
    EngineConfig config = config_;
    spoil(config);
    return error_of([&] { Engine::open(config); }).code() == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](EngineConfig& c) { c.dtype = DataType::kI8; }));
  EXPECT_TRUE(refused([](EngineConfig& c) { c.activation_dtype = DataType::kF16; }));
  EXPECT_TRUE(refused([](EngineConfig& c) { c.max_context = -1; }));
  EXPECT_TRUE(refused([](EngineConfig& c) { c.max_context = 257; }));
  EXPECT_TRUE(refused([](EngineConfig& c) { c.max_sequences = 0; }));
  EXPECT_TRUE(refused([](EngineConfig& c) { c.max_step_tokens = 3; }));
  config_.backend.backend_type = "abacus";
  EXPECT_EQ(open_error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineTest, TooLittleMemoryIsRefusedWithThePlan) {
  config_.backend.memory_config.pool_size = 512 << 10;
  config_.max_sequences = 1;
  config_.max_step_tokens = 512;
  const Error error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("weights"), HasSubstr("cache"),
                                     HasSubstr("available  512.0 KiB")));
}

TEST_F(EngineTest, BadRequestsAreRefused) {
  const auto engine = Engine::open(config_);
  const auto message = [&](Request request) {
    return error_of([&] { engine->submit(std::move(request)); }).message();
  };
  EXPECT_THAT(message({{}, {}}), HasSubstr("no tokens"));
  EXPECT_THAT(message({std::vector<int32_t>(256, 5), {}}), AllOf(HasSubstr("256 tokens"),
                                                                 HasSubstr("context of 256")));
  EXPECT_THAT(message({{5, 96}, {}}), HasSubstr("token id 96"));
  EXPECT_THAT(message({{-1}, {}}), HasSubstr("token id -1"));
  Request request{{5}, {}};
  request.sampling.top_p = 7;
  EXPECT_THAT(message(request), HasSubstr("top_p"));
}

TEST_F(EngineTest, WithoutATokenizerTextIsRefused) {
  const auto engine = Engine::open(config_);
  EXPECT_FALSE(engine->has_chat_template());
  EXPECT_EQ(error_of([&] { engine->text_request("hi"); }).code(), ErrorCode::kUnsupported);
  EXPECT_EQ(error_of([&] { engine->chat_request(OrderedJson::array()); }).code(),
            ErrorCode::kUnsupported);
  Request request{{5}, {}};
  request.sampling.stop = {"x"};
  EXPECT_EQ(error_of([&] { engine->submit(request); }).code(), ErrorCode::kUnsupported);
}

TEST_F(EngineTest, EndTokensComeFromGenerationConfigBeforeConfig) {
  const auto first_answer = [this] {
    const auto engine = Engine::open(config_);
    Request request{{5, 6}, {}};
    request.sampling.temperature = 0;
    request.sampling.max_tokens = 5;
    const auto generation = engine->submit(request);
    std::vector<int32_t> tokens;
    while (const auto piece = generation->next()) {
      tokens.insert(tokens.end(), piece->tokens.begin(), piece->tokens.end());
    }
    return tokens;
  };
  const std::vector<int32_t> usual = first_answer();
  ASSERT_EQ(usual.size(), 5u);
  set("eos_token_id", usual[0]);
  EXPECT_EQ(first_answer().size(), 1u);
  folder_.write("generation_config.json", Json({{"eos_token_id", {95, usual[1]}}}).dump());
  EXPECT_THAT(first_answer(), ElementsAre(usual[0], usual[1]));
  folder_.write("generation_config.json", R"({"eos_token_id": "</s>"})");
  EXPECT_EQ(open_error().code(), ErrorCode::kInvalidFormat);
}

TEST_F(EngineTest, TokensThatTheModelDoesNotKnowAreWarnedOf) {
  folder_.write("generation_config.json", R"({"eos_token_id": [95, 96]})");
  EXPECT_THAT(Engine::open(config_)->warnings(),
              ElementsAre(AllOf(HasSubstr("end token 96"), HasSubstr("vocabulary of 96"))));
  folder_.write("generation_config.json", R"({"eos_token_id": 95})");
  const fs::path tokenizers = fs::path(FERRUM_SOURCE_DIR) / "tests" / "parity" / "tokenizers";
  folder_.write("tokenizer.json", read_file(tokenizers / "gpt2.json"));
  EXPECT_THAT(Engine::open(config_)->warnings(),
              ElementsAre(AllOf(HasSubstr("the tokenizer has ids up to"), HasSubstr("95"))));
}

TEST_F(EngineTest, WeightsOfIntegersAreNotCast) {
  std::string weights = read_file(folder_.path() / "model.safetensors");
  for (size_t at = 0; (at = weights.find("\"F32\"", at)) != weights.npos; ++at) {
    weights.replace(at, 5, "\"U32\"");
  }
  folder_.write("model.safetensors", weights);
  for (const auto dtype : {std::optional<DataType>(), std::optional(DataType::kBF16)}) {
    config_.dtype = dtype;
    const Error error = open_error();
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.message(), HasSubstr("stored as u32"));
    EXPECT_THAT(error.hint(), Not(HasSubstr("--dtype")));
  }
}

TEST_F(EngineTest, BrokenFilesAreNamedWithPathAndReason) {
  const auto expect = [this](const char* name, const char* text, const std::string& why) {
    const std::string before =
        fs::exists(folder_.path() / name) ? read_file(folder_.path() / name) : "{}";
    folder_.write(name, text);
    EXPECT_THAT(open_error().message(), AllOf(HasSubstr(folder_.path().string()),
                                              HasSubstr(name), HasSubstr(why)));
    folder_.write(name, before);
  };
  expect("config.json", "{\"a\": [1,\n", "line 2, column 1");
  expect("config.json", R"({"architectures": ["LlamaForCausalLM"]})", "is required");
  expect("generation_config.json", "{1", "line 1, column 2");
  expect("generation_config.json", R"({"max_length": 0})", "max_length is 0");
  expect("tokenizer.json", "{\"model\": nil", "line 1, column 12");
}

TEST_F(EngineTest, NanWeightsAreWarnedOfInDebugAndUnusedTensorsAlways) {
  std::string weights = read_file(folder_.path() / "model.safetensors");
  const float nan = NAN;
  std::memcpy(weights.data() + weights.size() - sizeof nan, &nan, sizeof nan);
  folder_.write("model.safetensors", weights);
  EXPECT_THAT(Engine::open(config_)->warnings(), IsEmpty());
  config_.backend.enable_debug = true;
  EXPECT_THAT(Engine::open(config_)->warnings(), ElementsAre(HasSubstr("holds 1 elements")));
  config_.backend.enable_debug = false;
  set("num_hidden_layers", 1);
  EXPECT_THAT(Engine::open(config_)->warnings(),
              ElementsAre(AllOf(HasSubstr("does not use"), HasSubstr("model.layers.1."))));
}

TEST_F(EngineTest, StepsAllocateNoTensor) {
  const auto engine = Engine::open(config_);
  const auto run = [&](size_t prompt) {
    Request request{std::vector<int32_t>(prompt, 7), {}};
    request.sampling.temperature = 0.8f;
    request.sampling.max_tokens = 20;
    const auto generation = engine->submit(request);
    while (generation->next()) {
    }
  };
  run(100);
  const auto info = [&] { return engine->backend().memory_manager().memory_info(Device::cpu()); };
  const MemoryInfo before = info();
  run(200);
  run(3);
  EXPECT_EQ(info().allocations, before.allocations);
  EXPECT_EQ(info().peak, before.peak);
}

TEST(SlidingWindow, BoundsTheCache) {
  EngineConfig config;
  config.model = std::string(FERRUM_SOURCE_DIR) + "/tests/parity/models/mistral_window";
  config.max_sequences = 2;
  config.max_step_tokens = 4;
  const auto engine = Engine::open(config);
  const int64_t window = engine->model_info().sliding_window;
  ASSERT_GT(window, 0);
  EXPECT_LE(engine->status().cache_blocks_total, (window + 4 + 47) / 16);
  EXPECT_GT(engine->memory_plan().context_tokens, 16 * engine->status().cache_blocks_total);
  Request request{std::vector<int32_t>(100, 5), {}};
  request.sampling.ignore_end = true;
  request.sampling.max_tokens = 100;
  const auto first = engine->submit(request), second = engine->submit(request);
  for (const auto& generation : {first.get(), second.get()}) {
    while (generation->next()) {
    }
    EXPECT_EQ(generation->usage().completion_tokens, 100);
  }
  EXPECT_EQ(engine->status().cache_blocks_used, 0);
}

TEST(EmbeddedModel, AnswersAChat) {
  const auto engine = Engine::open({});
  EXPECT_EQ(engine->memory_plan().activation_dtype, best_for_bf16(*engine));
  ASSERT_TRUE(engine->has_chat_template());
  Request request = engine->chat_request({{{"role", "user"}, {"content", "Hello"}}});
  request.sampling.temperature = 0;
  request.sampling.max_tokens = 30;
  const auto generation = engine->submit(request);
  std::string text;
  while (const auto piece = generation->next()) text += piece->text;
  EXPECT_GT(text.size(), 5u) << text;
}

TEST(RandomEngine, AnswersInTokens) {
  EngineConfig config;
  config.max_context = 256;
  const auto engine = open_random_engine("tiny", config);
  EXPECT_EQ(engine->memory_plan().weight_dtype, DataType::kBF16);
  EXPECT_EQ(engine->memory_plan().activation_dtype, best_for_bf16(*engine));
  Request request{{1, 2, 3}, {}};
  request.sampling.max_tokens = 9;
  const auto generation = engine->submit(request);
  while (generation->next()) {
  }
  EXPECT_EQ(generation->usage().completion_tokens, 9);
  EXPECT_THROW(open_random_engine("huge", config), Error);
}

TEST(EngineTypes, SurviveJson) {
  EngineConfig config;
  config.model = "x";
  config.dtype = DataType::kF16;
  config.max_context = 5;
  EXPECT_EQ(Json(Json(config).get<EngineConfig>()), Json(config));
  EXPECT_TRUE(Json(config).at("activation_dtype").is_null());
  EXPECT_FALSE(Json(config).get<EngineConfig>().activation_dtype);
  EXPECT_FALSE(Json::object().get<EngineConfig>().activation_dtype);
  config.activation_dtype = DataType::kBF16;
  EXPECT_EQ(Json(config).get<EngineConfig>().activation_dtype, DataType::kBF16);
  const Usage usage{1, 2, 0.5, 0.25, 0.125};
  EXPECT_EQ(Json(Json(usage).get<Usage>()), Json(usage));
  const EngineStatus status{1, 2, 3, 4, 5};
  EXPECT_EQ(Json(Json(status).get<EngineStatus>()), Json(status));
  EXPECT_THROW(Json({{"modle", "x"}}).get<EngineConfig>(), Error);
}

}  // namespace
}  // namespace ferrum
