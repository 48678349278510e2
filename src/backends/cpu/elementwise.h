#pragma once
// Elementwise operations over broadcast, strided operands of any floating-point types.

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/tensor.h"

namespace ferrum {

void run_unary(const CpuContext& context, VectorKernels::Unary kernel, const Tensor& x,
               const Tensor& out);
void run_binary(const CpuContext& context, VectorKernels::Binary kernel, const Tensor& a,
                const Tensor& b, const Tensor& out);
// silu(gate) * up.
void run_silu_mul(const CpuContext& context, const Tensor& gate, const Tensor& up,
                  const Tensor& out);

}  // namespace ferrum
