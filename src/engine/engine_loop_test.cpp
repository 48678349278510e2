#include "engine/engine_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "ferrum/backends/backend_catalog.h"
#include "support/scripted_model.h"

namespace ferrum {
namespace {

using ::testing::HasSubstr;

struct Answer {
  std::string text;
  std::vector<int32_t> tokens;
  FinishReason finish = FinishReason::kCancelled;
};

Answer drain(Generation& generation) {
  Answer answer;
  while (const auto piece = generation.next()) {
    answer.text += piece->text;
    answer.tokens.insert(answer.tokens.end(), piece->tokens.begin(), piece->tokens.end());
    if (piece->finish) answer.finish = *piece->finish;
  }
  return answer;
}

std::unique_ptr<Tokenizer> open_tokenizer() {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/parity/tokenizers/gpt2.json");
  return Tokenizer::parse(std::string{std::istreambuf_iterator<char>(file), {}});
}

class EngineLoopTest : public ::testing::Test {
 protected:
  EngineLoopTest() : tokenizer_(open_tokenizer()) {
    BackendCatalog catalog("backend");
    register_backends(catalog);
    backend_ = catalog.get("cpu").create(BackendConfig());
    backend_->initialize(Device::cpu());
  }

  void start(const std::string& script, const StepLimits& limits, int64_t cache_tokens) {
    end_token_ = tokenizer_->vocab_size() - 1;
    model_ = std::make_unique<ScriptedModel>(tokenizer_->vocab_size(), tokens_of(script));
    cache_ = std::make_unique<KvCache>(model_->info(), DataType::kF32, cache_tokens,
                                       Device::cpu(), backend_->tensor_factory());
    runner_ = std::make_unique<StepRunner>(*model_, *cache_, *backend_, Device::cpu(), limits);
    loop_ = std::make_unique<EngineLoop>(*runner_, cache_->blocks(), limits, tokenizer_.get(),
                                         std::vector<int32_t>{end_token_});
  }
  void start(const std::string& script) { start(script, {64, 8, 256}, 1024); }

  std::vector<int32_t> tokens_of(const std::string& text) {
    std::string rest = text;
    const bool end = rest.ends_with("<end>");
    if (end) rest.resize(rest.size() - 5);
    std::vector<int32_t> tokens = tokenizer_->encode(rest);
    if (end) tokens.push_back(end_token_);
    return tokens;
  }

  static Request request(std::vector<int32_t> tokens, int64_t max_tokens = 0) {
    Request request{std::move(tokens), {}};
    request.sampling.temperature = 0;
    request.sampling.max_tokens = max_tokens;
    return request;
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<ComputeBackend> backend_;
  int32_t end_token_ = 0;
  std::unique_ptr<ScriptedModel> model_;
  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<StepRunner> runner_;
  std::unique_ptr<EngineLoop> loop_;
};

TEST_F(EngineLoopTest, AnEndTokenEndsTheAnswerAndIsNoText) {
  start("hello world<end>");
  const Answer answer = drain(*loop_->submit(request({5, 6, 7})));
  EXPECT_EQ(answer.text, "hello world");
  EXPECT_EQ(answer.finish, FinishReason::kStop);
  EXPECT_EQ(answer.tokens.back(), end_token_);
}

TEST_F(EngineLoopTest, IgnoreEndGoesOnToTheLimit) {
  start("a<end>");
  Request endless = request({5}, 7);
  endless.sampling.ignore_end = true;
  const Answer answer = drain(*loop_->submit(std::move(endless)));
  EXPECT_EQ(answer.tokens.size(), 7u);
  EXPECT_EQ(answer.finish, FinishReason::kLength);
}

TEST_F(EngineLoopTest, AStopStringThatSpansTokensIsCutWhole) {
  start("one two three four<end>");
  Request stopped = request({5});
  stopped.sampling.stop = {"three f"};
  const Answer answer = drain(*loop_->submit(std::move(stopped)));
  EXPECT_EQ(answer.text, "one two ");
  EXPECT_EQ(answer.finish, FinishReason::kStop);
}

TEST_F(EngineLoopTest, AnAnswerEndsWhereTheContextIsFull) {
  start("word ", {64, 8, 40}, 64);
  const auto generation = loop_->submit(request(std::vector<int32_t>(30, 9)));
  EXPECT_EQ(drain(*generation).finish, FinishReason::kLength);
  EXPECT_EQ(generation->usage().prompt_tokens, 30);
  EXPECT_EQ(generation->usage().completion_tokens, 10);
}

TEST_F(EngineLoopTest, MaxLengthCountsThePromptAndGivesWayToMaxTokens) {
  start("word ");
  const auto tokens = [&](int64_t max_tokens, int64_t max_length) {
    Request limited = request(std::vector<int32_t>(30, 9), max_tokens);
    limited.sampling.max_length = max_length;
    return drain(*loop_->submit(std::move(limited))).tokens.size();
  };
  EXPECT_EQ(tokens(0, 35), 5u);
  EXPECT_EQ(tokens(8, 35), 8u);
  EXPECT_EQ(tokens(0, 9999), 226u);  // the context holds 256
}

TEST_F(EngineLoopTest, UsageTellsTheTimes) {
  start("word ");
  model_->pause_each_step(std::chrono::milliseconds(2));
  const auto generation = loop_->submit(request({9}, 5));
  drain(*generation);
  EXPECT_GE(generation->usage().prefill_seconds, 0.002);
  EXPECT_GE(generation->usage().decode_seconds, 0.008);
}

TEST_F(EngineLoopTest, CancelEndsTheAnswerAndFreesItsBlocks) {
  start("word ");
  model_->pause_each_step(std::chrono::milliseconds(1));
  const auto generation = loop_->submit(request(std::vector<int32_t>(100, 9)));
  EXPECT_TRUE(generation->next());
  EXPECT_GT(loop_->status().cache_blocks_used, 0);
  generation->cancel();
  EXPECT_EQ(drain(*generation).finish, FinishReason::kCancelled);
  EXPECT_EQ(loop_->status().cache_blocks_used, 0);
  EXPECT_FALSE(generation->next());
}

TEST_F(EngineLoopTest, DroppingAGenerationCancelsIt) {
  start("word ");
  model_->pause_each_step(std::chrono::milliseconds(1));
  loop_->submit(request({9}))->next();
  const uint64_t steps = loop_->status().steps;
  while (loop_->status().running > 0) std::this_thread::yield();
  EXPECT_LE(loop_->status().steps, steps + 2);
  EXPECT_EQ(loop_->status().cache_blocks_used, 0);
}

TEST_F(EngineLoopTest, AGenerationMayOutliveTheEngine) {
  start("word ");
  model_->pause_each_step(std::chrono::milliseconds(1));
  const auto generation = loop_->submit(request({9}));
  generation->next();
  loop_.reset();
  EXPECT_EQ(drain(*generation).finish, FinishReason::kCancelled);
  generation->cancel();
}

TEST_F(EngineLoopTest, AFailedStepFailsItsRequestsAndTheEngineLivesOn) {
  start("fine<end>");
  const auto failing = loop_->submit(request({ScriptedModel::kFails}));
  try {
    drain(*failing);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("the model failed"));
  }
  EXPECT_FALSE(failing->next());
  EXPECT_EQ(loop_->status().cache_blocks_used, 0);
  EXPECT_EQ(drain(*loop_->submit(request({9}))).text, "fine");
}

TEST_F(EngineLoopTest, LogitsOfOneRequestFailNoOther) {
  start("fine<end>");
  model_->pause_each_step(std::chrono::milliseconds(2));
  Request bad = request({ScriptedModel::kNotANumber});
  bad.sampling.temperature = 1;
  Request good = request({9});
  good.sampling.temperature = 0.01f;
  const auto first = loop_->submit(request({9}));  // while its step runs, the others join
  const auto failing = loop_->submit(std::move(bad));
  const auto fine = loop_->submit(std::move(good));
  EXPECT_THROW(drain(*failing), Error);
  EXPECT_EQ(drain(*fine).text, "fine");
  EXPECT_EQ(drain(*first).text, "fine");
}

TEST_F(EngineLoopTest, SameSeedSameTextWhateverRunsBesideIt) {
  start("some text to wander from ");
  Request seeded = request({5, 6}, 40);
  seeded.sampling.temperature = 1.5f;
  seeded.sampling.seed = 42;
  const Answer alone = drain(*loop_->submit(seeded));
  std::vector<std::unique_ptr<Generation>> others;
  for (int i = 0; i < 5; ++i) {
    others.push_back(loop_->submit(request(std::vector<int32_t>(20 + 3 * i, 9), 50)));
  }
  EXPECT_EQ(drain(*loop_->submit(seeded)).tokens, alone.tokens);
  seeded.sampling.seed = 43;
  EXPECT_NE(drain(*loop_->submit(seeded)).tokens, alone.tokens);
}

TEST_F(EngineLoopTest, PreemptedRequestsAnswerAsIfAlone) {
  start("one two three four five six ", {32, 8, 96}, 112);  // seven blocks
  std::vector<std::unique_ptr<Generation>> generations;
  for (int i = 0; i < 4; ++i) generations.push_back(loop_->submit(request({5, 6, 7}, 60)));
  const Answer first = drain(*generations.front());
  EXPECT_EQ(first.tokens.size(), 60u);
  for (size_t i = 1; i < generations.size(); ++i) {
    EXPECT_EQ(drain(*generations[i]).tokens, first.tokens);
  }
  EXPECT_EQ(loop_->status().cache_blocks_used, 0);
}

TEST_F(EngineLoopTest, AHundredRequestsFromManyThreads) {
  start("a few words<end>", {48, 8, 128}, 256);
  constexpr int kThreads = 10, kRequests = 10;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRequests; ++i) {
        const auto size = static_cast<size_t>(1 + (7 * t + 13 * i) % 90);
        const auto generation = loop_->submit(request(std::vector<int32_t>(size, 9)));
        if ((t + i) % 5 == 0) {
          generation->cancel();
          drain(*generation);
          ++right;
        } else if (drain(*generation).text == "a few words") {
          ++right;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kRequests);
  EXPECT_EQ(loop_->status().running + loop_->status().waiting, 0);
  EXPECT_EQ(loop_->status().cache_blocks_used, 0);
  EXPECT_LE(model_->largest_step(), 48);
}

}  // namespace
}  // namespace ferrum
