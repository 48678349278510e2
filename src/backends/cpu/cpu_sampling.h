#pragma once

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

class CpuSamplingOps final : public SamplingOps {
 public:
  explicit CpuSamplingOps(const CpuContext& context) : context_(context) {}

  void argmax(const Tensor& logits, const Tensor& out) override;
  void sample(const Tensor& logits, std::span<const SamplingRow> rows, const Tensor& out) override;

 private:
  CpuContext context_;
};

}  // namespace ferrum
