#pragma once

#include "backends/cpu/row_ops.h"
#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

class CpuNormOps final : public NormOps {
 public:
  explicit CpuNormOps(const CpuContext& context) : context_(context) {}

  void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) override {
    run_rms_norm(context_, x, weight, eps, out);
  }
  void add_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight, float eps,
                    const Tensor& out) override {
    run_add_rms_norm(context_, x, residual, weight, eps, out);
  }

 private:
  CpuContext context_;
};

}  // namespace ferrum
