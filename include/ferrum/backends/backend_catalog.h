#pragma once
// The axis of compute backends: what each part registers.

#include <functional>
#include <memory>
#include <string>

#include "ferrum/backends/backend_config.h"
#include "ferrum/backends/compute_backend.h"
#include "ferrum/backends/machine_limits.h"
#include "ferrum/types/catalog.h"

namespace ferrum {

struct BackendPart {
  std::string description;  // one line, for `ferrum backends`
  // Throws kInvalidArgument or kUnsupported, naming the field, for a config that create would not
  // honour in full.
  std::function<void(const BackendConfig&)> validate;
  // Validates, then makes a backend in the state "created".
  std::function<std::unique_ptr<ComputeBackend>(const BackendConfig&)> create;
  // Probes the device of a ready backend that `create` made, for about half a second, with its
  // own threads; for weights of the given dtype. Not while operations run.
  std::function<MachineLimits(ComputeBackend&, DataType weights)> measure_limits;
};

using BackendCatalog = Catalog<BackendPart>;

// Registers every backend of this build, in the order of src/backends/CMakeLists.txt.
void register_backends(BackendCatalog& catalog);

}  // namespace ferrum
