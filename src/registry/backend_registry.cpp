#include "ferrum/registry/backend_registry.h"

#include <algorithm>
#include <utility>

namespace ferrum {
namespace {

struct Merit {
  int points;
  std::string what;
  bool present;
};

std::vector<Merit> merits_of(const BackendCapabilities& c) {
  const bool beyond_cpu = std::any_of(c.supported_devices.begin(), c.supported_devices.end(),
                                      [](const Device& device) { return !device.is_cpu(); });
  return {{100, "a device other than the CPU", beyond_cpu},
          {10, "flash attention", c.supports_flash_attention},
          {10, "paged attention", c.supports_paged_attention},
          {5, "fp16", c.supports_fp16},
          {5, "bf16", c.supports_bf16},
          {5, "int8", c.supports_int8},
          {2, "tensor parallelism", c.supports_tensor_parallelism},
          {2, "pipeline parallelism", c.supports_pipeline_parallelism},
          {2, "custom kernels", c.supports_custom_kernels},
          {2, "CUDA graphs", c.supports_cuda_graphs}};
}

// Why one that meets the requirements lost against the one chosen.
std::vector<std::string> shortfall(const BackendCapabilities& lost, int score,
                                   const BackendCapabilities& chosen, const BackendChoice& choice) {
  if (score == choice.score) {
    return {"its score is " + std::to_string(score) + " like that of '" + choice.name +
            "', which was registered first"};
  }
  std::string missing;
  const std::vector<Merit> theirs = merits_of(chosen);
  const std::vector<Merit> own = merits_of(lost);
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i].present || !theirs[i].present) continue;
    missing +=
        (missing.empty() ? "" : ", ") + own[i].what + " (" + std::to_string(own[i].points) + ")";
  }
  return {"its score is " + std::to_string(score) + ", that of '" + choice.name + "' is " +
          std::to_string(choice.score) + ": it lacks " + missing};
}

template <class Members>
auto* find_member(const Members& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [name](const auto& member) { return member.name == name; });
  return found == members.end() ? nullptr : found->value.get();
}

template <class Members, class T>
void add_member(Members& members, const char* kind, std::string name, std::unique_ptr<T> value) {
  const std::string what = std::string(kind) + " '" + name + "'";
  if (!value) throw Error(ErrorCode::kInvalidArgument, what + " is null");
  if (find_member(members, name)) {
    throw Error(ErrorCode::kInvalidArgument, what + " is registered twice");
  }
  members.push_back({std::move(name), std::move(value)});
}

template <class Members>
std::vector<std::string> names_of(const Members& members) {
  std::vector<std::string> names;
  for (const auto& member : members) names.push_back(member.name);
  return names;
}

}  // namespace

void to_json(Json& json, const RejectedBackend& rejected) {
  json = {{"name", rejected.name}, {"score", rejected.score}, {"reasons", rejected.reasons}};
}

void from_json(const Json& json, RejectedBackend& rejected) {
  JsonReader reader(json, "rejected backend");
  reader.require("name", rejected.name);
  reader.require("score", rejected.score);
  reader.require("reasons", rejected.reasons);
  reader.finish();
}

void to_json(Json& json, const BackendChoice& choice) {
  json = {{"name", choice.backend ? Json(choice.name) : Json(nullptr)},
          {"score", choice.score},
          {"rejected", choice.rejected}};
}

int backend_score(const BackendCapabilities& capabilities) {
  int score = 1;
  for (const Merit& merit : merits_of(capabilities)) score += merit.present ? merit.points : 0;
  return score;
}

BackendRegistry::BackendRegistry() = default;
BackendRegistry::~BackendRegistry() = default;

void BackendRegistry::register_compute_backend(std::string name,
                                               std::unique_ptr<ComputeBackend> backend) {
  add_member(backends_, "compute backend", std::move(name), std::move(backend));
}

void BackendRegistry::register_weight_loader(std::string name,
                                             std::unique_ptr<WeightLoader> loader) {
  add_member(loaders_, "weight loader", std::move(name), std::move(loader));
}

ComputeBackend* BackendRegistry::get_compute_backend(std::string_view name) const {
  return find_member(backends_, name);
}

WeightLoader* BackendRegistry::get_weight_loader(std::string_view name) const {
  return find_member(loaders_, name);
}

BackendChoice BackendRegistry::find_best_compute_backend(
    const BackendRequirements& requirements) const {
  std::vector<BackendCapabilities> capabilities;
  BackendChoice choice;
  BackendCapabilities chosen;
  for (const auto& [name, backend] : backends_) {
    capabilities.push_back(backend->capabilities());
    const int score = backend_score(capabilities.back());
    if (score <= choice.score || !capabilities.back().meets_requirements(requirements)) continue;
    choice = {backend.get(), name, score, {}};
    chosen = capabilities.back();
  }
  for (size_t i = 0; i < backends_.size(); ++i) {
    if (backends_[i].value.get() == choice.backend) continue;
    RejectedBackend rejected{backends_[i].name, 0,
                             capabilities[i].unmet_requirements(requirements)};
    if (rejected.reasons.empty()) {
      rejected.score = backend_score(capabilities[i]);
      rejected.reasons = shortfall(capabilities[i], rejected.score, chosen, choice);
    }
    choice.rejected.push_back(std::move(rejected));
  }
  return choice;
}

std::vector<std::string> BackendRegistry::list_backend_names() const { return names_of(backends_); }

std::vector<std::string> BackendRegistry::list_weight_loader_names() const {
  return names_of(loaders_);
}

}  // namespace ferrum
