#pragma once
// Root-mean-square normalisation (Zhang & Sennrich, 2019, arXiv:1910.07467).

#include <utility>

#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

class RmsNorm {
 public:
  RmsNorm(NormOps& ops, Tensor weight, float eps)
      : ops_(&ops), weight_(std::move(weight)), eps_(eps) {}

  // x, out: [tokens, hidden]
  void forward(const Tensor& x, const Tensor& out) const {
    ops_->rms_norm(x, weight_, eps_, out);
  }
  // residual += x; out = norm(residual)
  void add_forward(const Tensor& x, const Tensor& residual, const Tensor& out) const {
    ops_->add_rms_norm(x, residual, weight_, eps_, out);
  }

 private:
  NormOps* ops_;
  Tensor weight_;  // [hidden]
  float eps_;
};

}  // namespace ferrum
