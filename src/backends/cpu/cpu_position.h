#pragma once

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

class CpuPositionOps final : public PositionOps {
 public:
  explicit CpuPositionOps(const CpuContext& context) : context_(context) {}

  void rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                        const Tensor& positions) override;

 private:
  CpuContext context_;
};

}  // namespace ferrum
