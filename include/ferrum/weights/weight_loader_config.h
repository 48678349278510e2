#pragma once
// What a caller chooses when it creates a weight loader. Seed name: WeightLoaderConfig.

#include "ferrum/types/json.h"

namespace ferrum {

struct WeightLoaderConfig {
  int max_concurrent_loads = 0;  // tensors worked on at once; 0: one per CPU, at most 8
};
void to_json(Json& json, const WeightLoaderConfig& config);
void from_json(const Json& json, WeightLoaderConfig& config);  // unknown keys are refused

}  // namespace ferrum
