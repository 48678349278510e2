#pragma once
// The two 16-bit floats as storage types. Arithmetic is done in float; these only convert.
// Rounding is to nearest, ties to even; NaN stays NaN (quiet), overflow of f16 becomes infinity.

#include <bit>
#include <cstdint>

namespace ferrum {

struct Float16 { uint16_t bits; };   // IEEE 754 binary16
struct BFloat16 { uint16_t bits; };  // the upper half of binary32

inline float to_float(BFloat16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }

inline BFloat16 to_bfloat16(float x) {
  const uint32_t u = std::bit_cast<uint32_t>(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((u >> 16) | 0x40u)};
  return {static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}

float to_float(Float16 x);
Float16 to_float16(float x);

}  // namespace ferrum
