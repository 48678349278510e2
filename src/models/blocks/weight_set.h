#pragma once
// The weights of a model while it is put together: declared once, asked for by name.

#include <string>
#include <string_view>
#include <vector>

#include "ferrum/models/model.h"

namespace ferrum {

class WeightSet {
 public:
  // Borrows both.
  WeightSet(const std::vector<WeightDeclaration>& declarations, const WeightLookup& lookup)
      : declarations_(declarations), lookup_(lookup) {}

  // The weights below a prefix: at("model.layers.0.").get("mlp.up_proj.weight").
  WeightSet at(const std::string& prefix) const {
    WeightSet set = *this;
    set.prefix_ += prefix;
    return set;
  }

  Tensor get(std::string_view name) const {
    Tensor weight = find(name);
    if (!weight.defined()) {
      throw Error(ErrorCode::kInternal, "weight " + prefix_ + std::string(name) + " not declared");
    }
    return weight;
  }

  // Undefined when the model declares no such weight, such as the bias of a layer without one.
  Tensor find(std::string_view name) const {
    const std::string full = prefix_ + std::string(name);
    for (const WeightDeclaration& declaration : declarations_) {
      if (declaration.name == full) return lookup_(declaration);
    }
    return {};
  }

 private:
  const std::vector<WeightDeclaration>& declarations_;
  const WeightLookup& lookup_;
  std::string prefix_;
};

}  // namespace ferrum
