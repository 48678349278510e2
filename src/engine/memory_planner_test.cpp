#include "engine/memory_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferrum {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kMiB = 1 << 20;

// 100 MiB of f32 weights; 1 KiB of cache per token; 1 MiB of workspace.
class MemoryPlannerTest : public ::testing::Test {
 protected:
  MemoryPlannerTest() {
    info_.layers = 2;
    info_.kv_heads = 4;
    info_.head_dim = 16;
    info_.max_positions = 65536;
  }

  MemoryPlan plan(int64_t available) {
    return plan_memory({
        .info = info_,
        .config = config_,
        .available_bytes = available,
        .weight_dtype = DataType::kF32,
        .activation_dtype = [this](DataType weights) {
          return native_bf16_ && weights == DataType::kBF16 ? DataType::kBF16 : DataType::kF32;
        },
        .weight_bytes = [](std::optional<DataType> cast) {
          return cast == DataType::kBF16 ? 50 * kMiB : 100 * kMiB;
        },
        .workspace_bytes = [](int64_t, DataType) { return kMiB; },
    });
  }

  Error refusal(int64_t available) {
    try {
      plan(available);
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorCode::kInternal, "no error");
  }

  ModelInfo info_;
  EngineConfig config_;
  bool native_bf16_ = false;
};

TEST_F(MemoryPlannerTest, TakesTheModelsContextWhereItFits) {
  const MemoryPlan plan = this->plan(1000 * kMiB);
  EXPECT_EQ(plan.kv_bytes_per_token, 1024);
  EXPECT_EQ(plan.context_tokens, 65536);
  EXPECT_EQ(plan.cache_tokens, 65536);
  EXPECT_EQ(plan.kv_bytes, 64 * kMiB);
  EXPECT_EQ(plan.total_bytes(), 165 * kMiB);
  EXPECT_EQ(plan.activation_dtype, DataType::kF32);
  EXPECT_THAT(to_string(plan), HasSubstr("activations in f32"));
}

TEST_F(MemoryPlannerTest, ShrinksAnAutomaticContextToTheLongestThatFits) {
  const MemoryPlan plan = this->plan(105 * kMiB);
  EXPECT_EQ(plan.context_tokens, 4096);
  EXPECT_LE(plan.total_bytes(), plan.available_bytes);
  EXPECT_THAT(to_string(plan), HasSubstr("context 4096, of the model's 65536"));
}

TEST_F(MemoryPlannerTest, RefusesAChosenContextAndNamesTheLongestThatFits) {
  config_.max_context = 32768;
  const Error error = refusal(105 * kMiB);
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(error.hint(), "use --context 4096");
  EXPECT_THAT(error.message(), AllOf(HasSubstr("100.0 MiB in f32"), HasSubstr("32.0 MiB"),
                                     HasSubstr("105.0 MiB")));
}

TEST_F(MemoryPlannerTest, NamesTheDtypeWhereNoContextFits) {
  config_.max_context = 1024;
  EXPECT_EQ(refusal(60 * kMiB).hint(), "use --dtype bf16");
  config_.max_context = 65536;
  EXPECT_EQ(refusal(60 * kMiB).hint(), "use --dtype bf16 --context 9216");
}

TEST_F(MemoryPlannerTest, NamesTheContextOfTheSmallerCacheThatADtypeBrings) {
  native_bf16_ = true;
  config_.max_context = 65536;
  EXPECT_EQ(refusal(60 * kMiB).hint(), "use --dtype bf16 --context 18432");
  EXPECT_EQ(refusal(90 * kMiB).hint(), "use --dtype bf16");
}

TEST_F(MemoryPlannerTest, SaysWhenNothingFits) {
  EXPECT_THAT(refusal(20 * kMiB).hint(), HasSubstr("no context or dtype"));
}

TEST_F(MemoryPlannerTest, TheHintedSettingFits) {
  config_.max_context = 65536;
  for (int64_t available = 102 * kMiB; available < 165 * kMiB; available += 1234567) {
    config_.max_context = 65536;
    const std::string hint = refusal(available).hint();
    ASSERT_THAT(hint, HasSubstr("use --context "));
    config_.max_context = std::stoll(hint.substr(14));
    EXPECT_EQ(plan(available).context_tokens, config_.max_context);
    config_.max_context += 256;
    EXPECT_EQ(refusal(available).code(), ErrorCode::kResourceExhausted);
  }
}

TEST_F(MemoryPlannerTest, ALargerCacheHoldsSeveralContexts) {
  config_.max_context = 1000;
  config_.cache_tokens = 5000;
  EXPECT_EQ(plan(1000 * kMiB).cache_tokens, 5008);  // whole blocks
  EXPECT_EQ(plan(1000 * kMiB).context_tokens, 1000);
}

TEST_F(MemoryPlannerTest, ASlidingWindowNeedsNoMoreThanItselfAndAStep) {
  info_.sliding_window = 4096;
  config_.max_step_tokens = 512;
  const MemoryPlan plan = this->plan(106 * kMiB);
  EXPECT_EQ(plan.context_tokens, 65536);
  EXPECT_EQ(plan.cache_tokens, 4096 + 512 + 32);
  config_.cache_tokens = 5000;
  EXPECT_EQ(this->plan(1000 * kMiB).context_tokens, 65536);
  config_.cache_tokens = 3000;
  EXPECT_EQ(this->plan(1000 * kMiB).context_tokens, 3000);
  config_.max_context = 65536;
  EXPECT_EQ(refusal(1000 * kMiB).code(), ErrorCode::kInvalidArgument);
}

TEST_F(MemoryPlannerTest, RefusesAContextThatTheModelOrTheCacheCannotHold) {
  config_.max_context = 70000;
  EXPECT_EQ(refusal(1000 * kMiB).code(), ErrorCode::kInvalidArgument);
  config_.max_context = 1000;
  config_.cache_tokens = 500;
  EXPECT_EQ(refusal(1000 * kMiB).code(), ErrorCode::kInvalidArgument);
}

TEST_F(MemoryPlannerTest, PlanSurvivesJson) {
  const Json json = plan(1000 * kMiB);
  EXPECT_EQ(Json(json.get<MemoryPlan>()), json);
}

}  // namespace
}  // namespace ferrum
