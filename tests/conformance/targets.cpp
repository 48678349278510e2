#include "conformance/targets.h"

#include "backends/cpu/cpu_features.h"
#include "ferrum/tensor/composed_ops.h"

namespace ferrum::conformance {

const BackendCatalog& backend_catalog() {
  static const BackendCatalog catalog = [] {
    BackendCatalog made("backend");
    register_backends(made);
    return made;
  }();
  return catalog;
}

std::vector<Target> targets() {
  std::vector<Target> all;
  for (const auto& entry : backend_catalog().entries()) {
    BackendConfig config;
    config.backend_type = entry.name;
    if (entry.name == "cpu") {
      for (const Isa isa : available_isas()) {
        config.backend_options = {{"isa", to_string(isa)}};
        all.push_back({"cpu_" + std::string(to_string(isa)), config});
      }
    } else {
      config.device = Device{entry.name, 0};
      all.push_back({entry.name, config});
    }
    all.push_back({entry.name + "_composed", config, true});
  }
  return all;
}

RunningTarget::RunningTarget(const Target& target)
    : backend_(backend_catalog().get(target.config.backend_type).create(target.config)) {
  backend_->initialize(target.config.device);
  KernelOps* own = target.composed ? nullptr : backend_->kernel_ops();
  groups_ = resolve_kernel_ops(own, backend_->tensor_ops(), backend_->tensor_factory());
  kernels_ = std::make_unique<Kernels>(
      Kernels{backend_->tensor_ops(), *groups_, backend_->tensor_factory(), target.config.device});
}

}  // namespace ferrum::conformance
