#pragma once
// Operations over whole rows. A row is computed by one thread in an order that depends on its
// length alone, so its result does not depend on the other rows of the batch.

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/tensor.h"

namespace ferrum {

void run_softmax(const CpuContext& context, const Tensor& x, int dim, const Tensor& out);
void run_layer_norm(const CpuContext& context, const Tensor& x, const Tensor& weight,
                    const Tensor& bias, float eps, const Tensor& out);
void run_rms_norm(const CpuContext& context, const Tensor& x, const Tensor& weight, float eps,
                  const Tensor& out);
void run_add_rms_norm(const CpuContext& context, const Tensor& x, const Tensor& residual,
                      const Tensor& weight, float eps, const Tensor& out);

}  // namespace ferrum
