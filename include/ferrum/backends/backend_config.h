#pragma once
// What a caller chooses when it creates a compute backend. Seed names: BackendConfig, BackendType.

#include <string>

#include "ferrum/tensor/device_memory.h"
#include "ferrum/types/device.h"
#include "ferrum/types/json.h"

namespace ferrum {

// The kind of a backend, by name: "cpu", "cuda", ... A name rather than the seed's enum, so that a
// backend from outside needs no edit here.
using BackendType = std::string;

struct BackendConfig {
  BackendType backend_type = "cpu";
  Device device;
  int optimization_level = 3;  // 0: scalar reference kernels; 1-2: narrower ISAs; 3: the best
  bool enable_debug = false;   // check every op's output for NaN and infinity (slow)
  BackendMemoryConfig memory_config;
  Json backend_options = Json::object();  // the backend's own; unknown keys are refused by it
};
void to_json(Json& json, const BackendConfig& config);
void from_json(const Json& json, BackendConfig& config);

}  // namespace ferrum
