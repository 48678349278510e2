#pragma once
// From an engine's config to the backend that will compute.

#include <memory>

#include "ferrum/engine/engine.h"
#include "ferrum/engine/parts.h"
#include "ferrum/registry/backend_registry.h"

namespace ferrum {

struct ChosenBackend {
  std::unique_ptr<BackendRegistry> registry;  // owns the backend
  std::string type;
  ComputeBackend* backend = nullptr;  // ready on `device`
  Device device;
};

// The backend of config.backend.backend_type; of all kinds the one with the best score where that
// is empty. Throws kUnsupported, with the reasons, when none can do what the config needs.
ChosenBackend choose_backend(const Parts& parts, const EngineConfig& config);

}  // namespace ferrum
