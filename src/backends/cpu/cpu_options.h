#pragma once
// What the CPU backend reads from a BackendConfig.

#include "backends/cpu/cpu_features.h"
#include "ferrum/backends/backend_config.h"

namespace ferrum {

struct CpuOptions {
  Isa isa = Isa::kScalar;  // backend_options.isa and optimization_level, whichever is lower
  int threads = 0;         // backend_options.threads; 0: all that the process may use
  bool check_outputs = false;
  BackendMemoryConfig memory;
};

// Throws kInvalidArgument or kUnsupported, naming the field, for what create would not honour.
CpuOptions read_cpu_options(const BackendConfig& config);

}  // namespace ferrum
