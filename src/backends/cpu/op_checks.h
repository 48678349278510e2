#pragma once
// What every operation of the CPU backend demands of its arguments.

#include "ferrum/tensor/tensor.h"

namespace ferrum {

// kInvalidArgument when undefined, kUnsupported when not on the CPU. `name` is the argument's.
void require_on_cpu(const Tensor& tensor, const char* name);
// The same, and kUnsupported unless f32, f16 or bf16.
void require_float(const Tensor& tensor, const char* name);
// require_on_cpu, and kInvalidArgument unless of this type.
void require_dtype(const Tensor& tensor, const char* name, DataType dtype);
// kInvalidArgument unless of this shape.
void require_shape(const Tensor& tensor, const char* name, const Shape& shape);
void require_rank(const Tensor& tensor, const char* name, int rank);

}  // namespace ferrum
