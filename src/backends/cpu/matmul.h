#pragma once
// The general matrix product of TensorOps: any strides, any mix of floating-point types, leading
// dimensions broadcast. Weights of a model go through LinearOps instead.

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/tensor.h"

namespace ferrum {

void run_matmul(const CpuContext& context, const Tensor& a, const Tensor& b, const Tensor& out);

}  // namespace ferrum
