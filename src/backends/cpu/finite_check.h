#pragma once

#include "ferrum/tensor/tensor.h"

namespace ferrum {

// Throws kInvalidFormat naming the first element that is NaN or infinite. Tensors of other types
// than f32, f16 and bf16 pass.
void check_finite(const Tensor& tensor);

}  // namespace ferrum
