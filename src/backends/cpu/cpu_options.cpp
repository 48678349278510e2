#include "backends/cpu/cpu_options.h"

#include <algorithm>
#include <string>

#include "backends/cpu/cpu_memory_manager.h"

namespace ferrum {
namespace {

constexpr int kMaxThreads = 4096;

Isa highest_isa(int optimization_level) {
  switch (optimization_level) {
    case 0:
      return Isa::kScalar;
    case 1:
      return Isa::kAvx2;
    case 2:
      return Isa::kAvx512;
    default:
      return Isa::kAmx;
  }
}

}  // namespace

CpuOptions read_cpu_options(const BackendConfig& config) {
  if (config.backend_type != "cpu") {
    throw Error(ErrorCode::kInvalidArgument,
                "backend_type is '" + config.backend_type + "', this is the cpu backend");
  }
  if (config.optimization_level < 0 || config.optimization_level > 3) {
    throw Error(ErrorCode::kInvalidArgument,
                "optimization_level is " + std::to_string(config.optimization_level),
                "0 (scalar), 1 (up to AVX2), 2 (up to AVX-512) or 3 (the best)");
  }
  check_cpu_device(config.device);
  check_memory_config(config.memory_config);

  CpuOptions options;
  options.check_outputs = config.enable_debug;
  options.memory = config.memory_config;
  options.isa = std::min(detect_isa(), highest_isa(config.optimization_level));
  JsonReader reader(config.backend_options, "backend_options");
  std::string isa;
  if (reader.read("isa", isa)) options.isa = std::min(options.isa, parse_isa(isa));
  reader.read("threads", options.threads);
  reader.finish();
  if (options.threads < 0 || options.threads > kMaxThreads) {
    throw Error(ErrorCode::kInvalidArgument,
                "backend_options.threads is " + std::to_string(options.threads),
                "0 for all, or a number up to " + std::to_string(kMaxThreads));
  }
  return options;
}

}  // namespace ferrum
