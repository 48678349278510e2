#include "ferrum/types/float8.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace ferrum {
namespace {

struct Format {
  int fraction_bits;
  int bias;
  uint8_t largest;   // code of the largest finite number
  uint8_t overflow;  // code of what lies beyond
  uint8_t nan;
  bool unsigned_zero;  // "fnuz": the code of -0 is NaN
};

Format format_of(DataType dtype) {
  switch (dtype) {
    case DataType::kF8E4M3: return {3, 7, 0x7e, 0x7e, 0x7f, false};
    case DataType::kF8E5M2: return {2, 15, 0x7b, 0x7c, 0x7f, false};
    case DataType::kF8E4M3Fnuz: return {3, 8, 0x7f, 0x80, 0x80, true};
    default: return {2, 16, 0x7f, 0x80, 0x80, true};
  }
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float decode_e8m0(uint8_t bits) { return bits == 0xff ? kNan : std::ldexp(1.0f, bits - 127); }

uint8_t encode_e8m0(float x) {
  if (!std::isfinite(x) || x < 0) return 0xff;
  if (x < 0x1p-127f) return 0;
  int exponent = 0;
  const float fraction = std::frexp(x, &exponent);  // x = fraction * 2^exponent, in [0.5, 1)
  const int code = exponent - 1 + 127 + (fraction >= 0.75f ? 1 : 0);
  return static_cast<uint8_t>(std::min(code, 0xff));
}

}  // namespace

float decode_float8(DataType dtype, uint8_t bits) {
  if (dtype == DataType::kF8E8M0) return decode_e8m0(bits);
  const Format f = format_of(dtype);
  const int magnitude = bits & 0x7f;
  if (f.unsigned_zero ? bits == f.nan : magnitude > f.largest) {
    const bool infinite = magnitude == f.overflow && f.overflow != f.nan;
    if (!infinite) return kNan;
    return std::copysign(std::numeric_limits<float>::infinity(), bits & 0x80 ? -1.0f : 1.0f);
  }
  const int exponent = magnitude >> f.fraction_bits;
  const int fraction = magnitude & ((1 << f.fraction_bits) - 1);
  const int implicit = exponent == 0 ? 0 : 1 << f.fraction_bits;
  const float value = std::ldexp(static_cast<float>(fraction + implicit),
                                 std::max(exponent, 1) - f.bias - f.fraction_bits);
  return bits & 0x80 ? -value : value;
}

uint8_t encode_float8(DataType dtype, float x) {
  if (dtype == DataType::kF8E8M0) return encode_e8m0(x);
  const Format f = format_of(dtype);
  if (std::isnan(x)) return f.nan;
  const uint8_t sign = std::signbit(x) ? 0x80 : 0;
  const float magnitude = std::fabs(x);
  int code = 0x100;
  if (magnitude < 0x1p17f) {  // beyond the largest of all formats
    // Scaling by a power of two is exact, so rint rounds once, at the last place of the format.
    const int smallest = 1 - f.bias;
    const int exponent = magnitude == 0 ? smallest : std::max(std::ilogb(magnitude), smallest);
    const float scaled = std::ldexp(magnitude, f.fraction_bits - exponent);
    code = ((exponent - smallest) << f.fraction_bits) + static_cast<int>(std::rint(scaled));
  }
  if (code > f.largest) return f.unsigned_zero ? f.overflow : sign | f.overflow;
  if (code == 0 && f.unsigned_zero) return 0;
  return static_cast<uint8_t>(sign | code);
}

}  // namespace ferrum
