#pragma once

#include "backends/cpu/elementwise.h"
#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

class CpuActivationOps final : public ActivationOps {
 public:
  explicit CpuActivationOps(const CpuContext& context) : context_(context) {}

  void silu_mul(const Tensor& gate, const Tensor& up, const Tensor& out) override {
    run_silu_mul(context_, gate, up, out);
  }
  void gelu_tanh(const Tensor& x, const Tensor& out) override {
    run_unary(context_, context_.kernels.gelu_tanh, x, out);
  }

 private:
  CpuContext context_;
};

}  // namespace ferrum
