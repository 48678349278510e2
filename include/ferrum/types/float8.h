#pragma once
// The 8-bit floats of DataType (kF8E4M3, kF8E5M2, their "fnuz" variants, kF8E8M0), one element at
// a time.

#include <cstdint>

#include "ferrum/types/dtype.h"

namespace ferrum {

// Exact. `dtype` is one of the five.
float decode_float8(DataType dtype, uint8_t bits);

// Rounds to nearest, ties to even. What lies beyond the largest number becomes, as in PyTorch, that
// number for E4M3, infinity for E5M2 and NaN for the variants without negative zero. E8M0 has
// powers of two only: ties go up, zero becomes the smallest, negative numbers NaN. TensorOps::cast
// rounds so; the cast of a weight on load saturates instead (ferrum/weights/transformation.h).
uint8_t encode_float8(DataType dtype, float x);

}  // namespace ferrum
