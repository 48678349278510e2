#include "engine/memory_planner.h"

#include <algorithm>

#include "engine/kv_cache.h"
#include "engine/scheduler.h"
#include "ferrum/types/format_bytes.h"

namespace ferrum {
namespace {

constexpr int64_t kLeastContext = 256;  // what a shrunk context must at least hold
constexpr int64_t kContextStep = 256;   // shrunk contexts are multiples of it

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

int64_t held_at_once(const PlanInput& input, int64_t context) {
  return Scheduler::held_at_once(context, input.info.sliding_window,
                                 input.config.max_step_tokens);
}

// With the weights as planned, or all cast to another dtype.
MemoryPlan plan_for(const PlanInput& input, int64_t context,
                    std::optional<DataType> cast = std::nullopt) {
  MemoryPlan plan;
  plan.weight_dtype = cast.value_or(input.weight_dtype);
  plan.activation_dtype = input.activation_dtype(plan.weight_dtype);
  plan.weight_bytes = input.weight_bytes(cast);
  plan.context_tokens = context;
  plan.model_context_tokens = input.info.max_positions;
  plan.cache_tokens = round_up(std::max(input.config.cache_tokens, held_at_once(input, context)),
                               BlockPool::kBlockTokens);
  plan.kv_bytes_per_token = KvCache::bytes_per_token(input.info, plan.activation_dtype);
  plan.kv_bytes = plan.kv_bytes_per_token * plan.cache_tokens;
  plan.workspace_bytes = input.workspace_bytes(context, plan.activation_dtype);
  plan.available_bytes = input.available_bytes;
  return plan;
}

bool fits(const MemoryPlan& plan) { return plan.total_bytes() <= plan.available_bytes; }

// The longest context up to `longest` that fits; 0 when even the least does not.
int64_t longest_fitting(const PlanInput& input, int64_t longest,
                        std::optional<DataType> cast = std::nullopt) {
  const auto fits_with = [&](int64_t context) { return fits(plan_for(input, context, cast)); };
  if (fits_with(longest)) return longest;
  int64_t low = 0, high = longest / kContextStep;  // in steps: low fits, high + 1 does not
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    if (fits_with(middle * kContextStep)) low = middle;
    else high = middle - 1;
  }
  return low * kContextStep;
}

// The settings nearest to those asked for that fit, in the words of the command line.
std::string nearest_setting(const PlanInput& input, int64_t context) {
  if (input.config.cache_tokens > context && longest_fitting(input, context) == context) {
    return "use --context " + std::to_string(context) + " with the smallest cache";
  }
  const int64_t shorter = longest_fitting(input, context);
  if (shorter >= std::min(context, kLeastContext)) {
    return "use --context " + std::to_string(shorter);
  }
  const int64_t with_bf16 = longest_fitting(input, context, DataType::kBF16);
  if (with_bf16 == context) return "use --dtype bf16";
  if (with_bf16 >= std::min(context, kLeastContext)) {
    return "use --dtype bf16 --context " + std::to_string(with_bf16);
  }
  return "no context or dtype makes this model fit; use a smaller model or a larger machine";
}

void check_config(const PlanInput& input) {
  const EngineConfig& config = input.config;
  if (config.max_context > input.info.max_positions) {
    throw Error(ErrorCode::kInvalidArgument,
                "a context of " + std::to_string(config.max_context) +
                    " tokens: the model was made for at most " +
                    std::to_string(input.info.max_positions),
                "ask for a shorter context, or a benchmark for shorter samples");
  }
  if (config.cache_tokens > 0 && config.cache_tokens < held_at_once(input, config.max_context)) {
    throw Error(ErrorCode::kInvalidArgument,
                "a cache of " + std::to_string(config.cache_tokens) +
                    " tokens does not hold one context of " + std::to_string(config.max_context));
  }
}

}  // namespace

MemoryPlan plan_memory(const PlanInput& input) {
  check_config(input);
  const bool free_choice = input.config.max_context == 0;
  int64_t context = free_choice ? input.info.max_positions : input.config.max_context;
  if (free_choice && input.config.cache_tokens > 0 &&
      input.config.cache_tokens < held_at_once(input, context)) {
    context = input.config.cache_tokens;
  }
  if (free_choice) {
    const int64_t longest = longest_fitting(input, context);
    if (longest >= std::min(context, kLeastContext)) return plan_for(input, longest);
    context = std::min(context, kLeastContext);
  }
  const MemoryPlan plan = plan_for(input, context);
  if (fits(plan)) return plan;
  throw Error(ErrorCode::kResourceExhausted,
              "the model does not fit into memory\n" + to_string(plan),
              nearest_setting(input, context));
}

void to_json(Json& json, const MemoryPlan& plan) {
  json = {{"weight_dtype", plan.weight_dtype},
          {"activation_dtype", plan.activation_dtype},
          {"weight_bytes", plan.weight_bytes},
          {"kv_bytes", plan.kv_bytes},
          {"workspace_bytes", plan.workspace_bytes},
          {"kv_bytes_per_token", plan.kv_bytes_per_token},
          {"context_tokens", plan.context_tokens},
          {"model_context_tokens", plan.model_context_tokens},
          {"cache_tokens", plan.cache_tokens},
          {"available_bytes", plan.available_bytes},
          {"total_bytes", plan.total_bytes()}};
}

void from_json(const Json& json, MemoryPlan& plan) {
  JsonReader reader(json, "memory plan");
  reader.read("weight_dtype", plan.weight_dtype);
  reader.read("activation_dtype", plan.activation_dtype);
  reader.read("weight_bytes", plan.weight_bytes);
  reader.read("kv_bytes", plan.kv_bytes);
  reader.read("workspace_bytes", plan.workspace_bytes);
  reader.read("kv_bytes_per_token", plan.kv_bytes_per_token);
  reader.read("context_tokens", plan.context_tokens);
  reader.read("model_context_tokens", plan.model_context_tokens);
  reader.read("cache_tokens", plan.cache_tokens);
  reader.read("available_bytes", plan.available_bytes);
  int64_t total = 0;  // computed from the others
  reader.read("total_bytes", total);
  reader.finish();
}

std::string to_string(const MemoryPlan& plan) {
  const auto line = [](const std::string& what, int64_t bytes, const std::string& detail) {
    return "  " + what + std::string(11 - what.size(), ' ') + format_bytes(bytes) + detail + "\n";
  };
  const std::string shrunk =
      plan.context_tokens < plan.model_context_tokens
          ? ", of the model's " + std::to_string(plan.model_context_tokens)
          : "";
  return line("weights", plan.weight_bytes, " in " + std::string(to_string(plan.weight_dtype))) +
         line("cache", plan.kv_bytes,
              " for " + std::to_string(plan.cache_tokens) + " tokens in " +
                  std::string(to_string(plan.activation_dtype)) + " (context " +
                  std::to_string(plan.context_tokens) + shrunk + ")") +
         line("workspace", plan.workspace_bytes,
              " with activations in " + std::string(to_string(plan.activation_dtype))) +
         line("together", plan.total_bytes(), "") + line("available", plan.available_bytes, "");
}

}  // namespace ferrum
