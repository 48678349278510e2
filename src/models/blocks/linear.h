#pragma once
// y = x W^T + b: the one point where weight formats meet compute.

#include <memory>
#include <string>

#include "models/blocks/weight_set.h"

namespace ferrum {

class Linear {
 public:
  // Takes <name>.weight and, if declared, <name>.bias.
  Linear(LinearOps& ops, const WeightSet& weights, const std::string& name)
      : Linear(ops, weights.get(name + ".weight"), weights.find(name + ".bias")) {}
  Linear(LinearOps& ops, const Tensor& weight, Tensor bias)
      : ops_(&ops), weight_(ops.pack(weight)), bias_(std::move(bias)) {}

  // x: [tokens, in], out: [tokens, out]
  void forward(const Tensor& x, const Tensor& out) const { ops_->linear(x, *weight_, bias_, out); }
  // As part of LinearOps::linear_group.
  LinearTarget target(const Tensor& out) const { return {*weight_, bias_, out}; }

 private:
  LinearOps* ops_;
  std::unique_ptr<LinearWeight> weight_;
  Tensor bias_;  // [out], or undefined
};

}  // namespace ferrum
