#pragma once
// Finds the largest setting that fits, or says why none does.

#include <cstdint>
#include <functional>

#include "ferrum/engine/engine.h"

namespace ferrum {

struct PlanInput {
  const ModelInfo& info;
  const EngineConfig& config;
  int64_t available_bytes;
  DataType weight_dtype;
  // Of activations and cache, over weights of that dtype.
  std::function<DataType(DataType weights)> activation_dtype;
  // Bytes of all weights in their planned dtype, or all cast to another.
  std::function<int64_t(std::optional<DataType> cast)> weight_bytes;
  // Activations, logits and step tensors for that context.
  std::function<int64_t(int64_t context, DataType activations)> workspace_bytes;
};

// Throws kInvalidArgument for a context longer than the model's or a cache shorter than the
// context; kResourceExhausted with the plan and the nearest setting that fits.
MemoryPlan plan_memory(const PlanInput& input);

}  // namespace ferrum
