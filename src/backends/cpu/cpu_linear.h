#pragma once
// LinearOps of the CPU: weights in f32, f16 or bf16, read where they lie.

#include "backends/cpu/cpu_features.h"
#include "backends/cpu/scratch_pool.h"
#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/types/thread_pool.h"

namespace ferrum {

class CpuLinearOps final : public LinearOps {
 public:
  // Borrows the pool. `isa` must be one of available_isas().
  CpuLinearOps(ThreadPool& pool, Isa isa) : pool_(pool), isa_(isa) {}

  // Never copies; the weight must be contiguous.
  std::unique_ptr<LinearWeight> pack(const Tensor& weight) override;
  void linear(const Tensor& x, const LinearWeight& weight, const Tensor& bias,
              const Tensor& out) override;
  void linear_group(const Tensor& x, std::span<const LinearTarget> targets) override;
  void gated_linear(const Tensor& x, const LinearTarget& gate, const LinearTarget& up) override;

 private:
  void run_group(const Tensor& x, std::span<const LinearTarget> group);
  void run_gated(const Tensor& x, const LinearTarget& gate, const LinearTarget& up);

  ThreadPool& pool_;
  Isa isa_;
  cpu::ScratchPool scratch_;
};

}  // namespace ferrum
