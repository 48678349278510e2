#include "ferrum/tensor/device_memory.h"

#include <array>
#include <string>
#include <utility>

namespace ferrum {
namespace {

constexpr std::array<std::pair<MemoryGrowthStrategy, std::string_view>, 3> kStrategies{{
    {MemoryGrowthStrategy::kStatic, "static"},
    {MemoryGrowthStrategy::kDynamic, "dynamic"},
    {MemoryGrowthStrategy::kIncremental, "incremental"},
}};

}  // namespace

std::string_view to_string(MemoryGrowthStrategy strategy) {
  return kStrategies[static_cast<size_t>(strategy)].second;
}

void to_json(Json& json, const MemoryGrowthStrategy& strategy) { json = to_string(strategy); }

void from_json(const Json& json, MemoryGrowthStrategy& strategy) {
  const auto text = json.get<std::string>();
  for (const auto& [value, name] : kStrategies) {
    if (name == text) {
      strategy = value;
      return;
    }
  }
  throw Error(ErrorCode::kInvalidArgument, "unknown memory growth strategy '" + text + "'",
              "known: static, dynamic, incremental");
}

void to_json(Json& json, const BackendMemoryConfig& config) {
  json = {{"pool_size", config.pool_size ? Json(*config.pool_size) : Json(nullptr)},
          {"alignment", config.alignment},
          {"enable_pooling", config.enable_pooling},
          {"growth_strategy", config.growth_strategy},
          {"growth_step", config.growth_step}};
}

void from_json(const Json& json, BackendMemoryConfig& config) {
  JsonReader reader(json, "memory config");
  config = {};
  int64_t pool_size = 0;
  if (reader.read("pool_size", pool_size)) config.pool_size = pool_size;
  reader.read("alignment", config.alignment);
  reader.read("enable_pooling", config.enable_pooling);
  reader.read("growth_strategy", config.growth_strategy);
  reader.read("growth_step", config.growth_step);
  reader.finish();
}

void to_json(Json& json, const MemoryInfo& info) {
  json = {{"device", info.device},
          {"total", info.total},
          {"used", info.used},
          {"free", info.free},
          {"reserved", info.reserved},
          {"peak", info.peak},
          {"allocations", info.allocations}};
}

void from_json(const Json& json, MemoryInfo& info) {
  JsonReader reader(json, "memory info");
  reader.require("device", info.device);
  reader.require("total", info.total);
  reader.require("used", info.used);
  reader.require("free", info.free);
  reader.require("reserved", info.reserved);
  reader.require("peak", info.peak);
  reader.require("allocations", info.allocations);
  reader.finish();
}

std::string_view to_string(MemoryPressure pressure) {
  constexpr std::array<std::string_view, 4> kNames{"low", "medium", "high", "critical"};
  return kNames[static_cast<size_t>(pressure)];
}

}  // namespace ferrum
