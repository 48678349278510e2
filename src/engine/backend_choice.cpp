#include "engine/backend_choice.h"

#include "ferrum/registry/backend_factory.h"

namespace ferrum {
namespace {

BackendRequirements requirements_of(const EngineConfig& config) {
  BackendRequirements requirements;
  requirements.required_dtypes = {DataType::kF32};
  for (const std::optional<DataType> dtype : {config.activation_dtype, config.dtype}) {
    if (dtype) requirements.required_dtypes.push_back(*dtype);
  }
  requirements.min_batch_size = config.max_sequences;
  requirements.min_sequence_length = config.max_context;
  return requirements;
}

// Every kind of this build that honours the config; why the others do not.
std::string register_all(const BackendFactory& factory, BackendConfig config,
                         BackendRegistry& registry) {
  std::string refusals;
  for (const BackendTypeInfo& info : factory.supported_backend_types()) {
    if (!info.available) continue;
    config.backend_type = info.type;
    try {
      registry.register_compute_backend(info.type, factory.create_compute_backend(config));
    } catch (const Error& error) {
      refusals += info.type + ": " + error.message() + "; ";
    }
  }
  return refusals;
}

}  // namespace

ChosenBackend choose_backend(const Parts& parts, const EngineConfig& config) {
  const BackendFactory factory(parts.backends, parts.weights);
  factory.validate_config(config.backend);
  ChosenBackend chosen;
  chosen.registry = std::make_unique<BackendRegistry>();
  BackendRequirements requirements = requirements_of(config);
  std::string refusals;
  if (config.backend.backend_type.empty()) {
    refusals = register_all(factory, config.backend, *chosen.registry);
  } else {
    chosen.registry->register_compute_backend(config.backend.backend_type,
                                              factory.create_compute_backend(config.backend));
    requirements.required_devices = {config.backend.device};
  }
  const BackendChoice choice = chosen.registry->find_best_compute_backend(requirements);
  if (!choice.backend) {
    for (const RejectedBackend& rejected : choice.rejected) {
      for (const std::string& reason : rejected.reasons) {
        refusals += rejected.name + ": " + reason + "; ";
      }
    }
    throw Error(ErrorCode::kUnsupported, "no backend can run this model: " + refusals +
                                             "see `ferrum backends`");
  }
  chosen.type = choice.name;
  chosen.backend = choice.backend;
  chosen.device = config.backend.backend_type.empty()
                      ? choice.backend->capabilities().supported_devices.front()
                      : config.backend.device;
  chosen.backend->initialize(chosen.device);
  return chosen;
}

}  // namespace ferrum
