#pragma once
// Conversion between any two byte-sized dtypes but c64, and between strides.

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/tensor.h"

namespace ferrum {

bool can_cast(DataType dtype);
void run_cast(const CpuContext& context, const Tensor& x, const Tensor& out);

}  // namespace ferrum
