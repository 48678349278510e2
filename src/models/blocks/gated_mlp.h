#pragma once
// The SwiGLU feed-forward layer: down(silu(gate x) * up x) (Shazeer, 2020, arXiv:2002.05202).

#include "models/blocks/linear.h"

namespace ferrum {

class GatedMlp {
 public:
  // [tokens, intermediate]
  struct Scratch {
    Tensor gate, up;
  };

  GatedMlp(KernelOps& ops, const WeightSet& weights)
      : ops_(ops.linear()),
        gate_(*ops.linear(), weights, "gate_proj"),
        up_(*ops.linear(), weights, "up_proj"),
        down_(*ops.linear(), weights, "down_proj") {}

  // x, out: [tokens, hidden]
  void forward(const Tensor& x, const Scratch& scratch, const Tensor& out) const {
    ops_->gated_linear(x, gate_.target(scratch.gate), up_.target(scratch.up));
    down_.forward(scratch.gate, out);
  }

 private:
  LinearOps* ops_;
  Linear gate_, up_, down_;
};

}  // namespace ferrum
