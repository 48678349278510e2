#include "ferrum/registry/backend_factory.h"

#include <optional>

namespace ferrum {

void to_json(Json& json, const BackendTypeInfo& info) {
  json = {{"type", info.type},
          {"available", info.available},
          {"description", info.description},
          {"reason", info.reason},
          {"remedy", info.remedy}};
}

void from_json(const Json& json, BackendTypeInfo& info) {
  JsonReader reader(json, "backend type");
  reader.require("type", info.type);
  reader.require("available", info.available);
  reader.read("description", info.description);
  reader.read("reason", info.reason);
  reader.read("remedy", info.remedy);
  reader.finish();
}

std::unique_ptr<ComputeBackend> BackendFactory::create_compute_backend(
    const BackendConfig& config) const {
  return backends_.get(config.backend_type).create(config);
}

std::unique_ptr<WeightLoader> BackendFactory::create_weight_loader(
    TensorFactory& factory, const WeightLoaderConfig& config) const {
  return ferrum::create_weight_loader(weights_, factory, config);
}

std::vector<BackendTypeInfo> BackendFactory::supported_backend_types() const {
  std::vector<BackendTypeInfo> types;
  for (const auto& entry : backends_.entries()) {
    types.push_back({entry.name, true, entry.part.description, {}, {}});
  }
  for (const MissingPart& part : backends_.missing()) {
    types.push_back({part.name, false, {}, part.reason, part.remedy});
  }
  return types;
}

void BackendFactory::validate_config(const BackendConfig& config) const {
  if (!config.backend_type.empty()) return backends_.get(config.backend_type).validate(config);
  std::optional<Error> refusal;
  for (const auto& entry : backends_.entries()) {
    BackendConfig typed = config;
    typed.backend_type = entry.name;
    try {
      return entry.part.validate(typed);
    } catch (const Error& error) {
      if (!refusal) refusal = error.with_context("backend " + entry.name);
    }
  }
  if (refusal) throw *refusal;
  throw Error(ErrorCode::kUnsupported, "this build has no backend");
}

}  // namespace ferrum
