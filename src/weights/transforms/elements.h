#pragma once
// Element types one by one: how each is stored, and how values pass between them.
//
// Float to float rounds once, to nearest, ties to even. Overflow: f64, f32, f16 and bf16 become
// infinity; the floats of at most 8 bits saturate (ferrum/weights/transformation.h).
// Float to integer truncates towards zero and saturates, NaN becomes 0. Integer to integer
// saturates. Bool is 0 or 1; what is not zero is true.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "ferrum/types/dtype.h"
#include "ferrum/types/float16.h"
#include "ferrum/types/float8.h"

namespace ferrum::elements {

// A float that rounds to odd: a later rounding to any narrower float is then as if rounded once.
inline float to_odd_float(double x) {
  const float nearest = static_cast<float>(x);
  const double back = nearest;
  if (back == x || x != x) return nearest;
  const uint32_t bits = std::bit_cast<uint32_t>(nearest);
  return std::bit_cast<float>((std::abs(back) > std::abs(x) ? bits - 1 : bits) | 1u);
}

// An integer as a double that keeps all that matters to a narrower float.
template <class I>
double to_odd_double(I x) {
  if constexpr (sizeof(I) < 8) {
    return static_cast<double>(x);
  } else {
    const bool negative = std::cmp_less(x, 0);
    uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
    if (magnitude >> 53) magnitude = (magnitude & ~0x7ffull) | ((magnitude & 0x7ff) ? 0x800 : 0);
    const auto value = static_cast<double>(magnitude);
    return negative ? -value : value;
  }
}

struct F64 {
  static constexpr DataType dtype = DataType::kF64;
  using Stored = double;
  static double decode(double x) { return x; }
  static double encode(double x) { return x; }
};

struct F32 {
  static constexpr DataType dtype = DataType::kF32;
  using Stored = float;
  static float decode(float x) { return x; }
  static float encode(float x) { return x; }
};

struct F16 {
  static constexpr DataType dtype = DataType::kF16;
  using Stored = uint16_t;
  static float decode(uint16_t x) { return to_float(Float16{x}); }
  static uint16_t encode(float x) { return to_float16(x).bits; }
};

struct BF16 {
  static constexpr DataType dtype = DataType::kBF16;
  using Stored = uint16_t;
  static float decode(uint16_t x) { return to_float(BFloat16{x}); }
  static uint16_t encode(float x) { return to_bfloat16(x).bits; }
};

constexpr float power_of_two(int exponent) {  // -126 .. 127
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
}

// The bits below the sign of a float of at most 8 bits.
template <int kMantissa, int kBias>
struct SmallMagnitude {
  static constexpr float decode(uint8_t code) {
    const int exponent = code >> kMantissa, fraction = code & ((1 << kMantissa) - 1);
    const int unit = (exponent > 0 ? exponent : 1) - kBias - kMantissa;
    return static_cast<float>(fraction + (exponent > 0 ? 1 << kMantissa : 0)) * power_of_two(unit);
  }
  // The nearest to `a`, which is no NaN; at most `max`.
  static uint8_t encode(float a, uint8_t max) {
    if (a >= decode(max)) return max;
    const int exponent = static_cast<int>(std::bit_cast<uint32_t>(a) >> 23) - 127;
    const int normal = exponent < 1 - kBias ? 1 - kBias : exponent;
    // Adding 2^23 units lets the hardware round to whole units.
    const float shift = power_of_two(normal - kMantissa + 23);
    const uint32_t units = std::bit_cast<uint32_t>(a + shift) - std::bit_cast<uint32_t>(shift);
    return static_cast<uint8_t>(((normal + kBias - 1) << kMantissa) + static_cast<int>(units));
  }
};

// The 8-bit floats: a sign, exponent bits, `kMantissa` bits. `kMax` codes the largest finite
// magnitude. With `kFnuz`, 0x80 is the only NaN and there is neither infinity nor -0; else codes
// above kMax are NaN, but for kMax + 1 of E5M2, which is infinity.
template <DataType kType, int kMantissa, int kBias, uint8_t kMax, bool kFnuz>
struct F8 {
  static constexpr DataType dtype = kType;
  using Stored = uint8_t;

  using Magnitude = SmallMagnitude<kMantissa, kBias>;

  static float decode(uint8_t x) {
    if (kFnuz && x == 0x80) return std::numeric_limits<float>::quiet_NaN();
    const uint8_t code = x & 0x7f;
    float value = Magnitude::decode(code);
    if (!kFnuz && code > kMax) {
      value = kType == DataType::kF8E5M2 && code == kMax + 1
                  ? std::numeric_limits<float>::infinity()
                  : std::numeric_limits<float>::quiet_NaN();
    }
    return (x & 0x80) ? -value : value;
  }

  static uint8_t encode(float x) {
    const uint8_t sign = std::signbit(x) ? 0x80 : 0;
    const float a = std::abs(x);
    if (a != a) return kFnuz ? 0x80 : sign | 0x7f;
    const uint8_t code = Magnitude::encode(a, kMax);
    return kFnuz && code == 0 ? 0 : sign | code;
  }
};
using F8E4M3 = F8<DataType::kF8E4M3, 3, 7, 0x7e, false>;
using F8E5M2 = F8<DataType::kF8E5M2, 2, 15, 0x7b, false>;
using F8E4M3Fnuz = F8<DataType::kF8E4M3Fnuz, 3, 8, 0x7f, true>;
using F8E5M2Fnuz = F8<DataType::kF8E5M2Fnuz, 2, 16, 0x7f, true>;

// The packed floats, as codes of a byte: all codes are finite numbers; NaN becomes 0.
template <DataType kType, int kMantissa, int kBias, uint8_t kSign>
struct PackedFloat {
  static constexpr DataType dtype = kType;
  using Stored = uint8_t;
  using Magnitude = SmallMagnitude<kMantissa, kBias>;

  static float decode(uint8_t x) {
    const float value = Magnitude::decode(x & (kSign - 1));
    return (x & kSign) ? -value : value;
  }
  static uint8_t encode(float x) {
    if (x != x) return 0;
    const uint8_t code = Magnitude::encode(std::abs(x), kSign - 1);
    return std::signbit(x) ? code | kSign : code;
  }
};
using F6E2M3 = PackedFloat<DataType::kF6E2M3, 3, 1, 0x20>;
using F6E3M2 = PackedFloat<DataType::kF6E3M2, 2, 3, 0x20>;
using F4E2M1 = PackedFloat<DataType::kF4E2M1, 1, 1, 0x08>;

struct F8E8M0 {  // 2^(x - 127), 0xff is NaN
  static constexpr DataType dtype = DataType::kF8E8M0;
  using Stored = uint8_t;
  static float decode(uint8_t x) { return decode_float8(dtype, x); }
  static uint8_t encode(float x) { return encode_float8(dtype, x); }
};

template <DataType kType, class I>
struct Integer {
  static constexpr DataType dtype = kType;
  using Stored = I;
};
using I64 = Integer<DataType::kI64, int64_t>;
using I32 = Integer<DataType::kI32, int32_t>;
using I16 = Integer<DataType::kI16, int16_t>;
using I8 = Integer<DataType::kI8, int8_t>;
using U64 = Integer<DataType::kU64, uint64_t>;
using U32 = Integer<DataType::kU32, uint32_t>;
using U16 = Integer<DataType::kU16, uint16_t>;
using U8 = Integer<DataType::kU8, uint8_t>;

// The packed integers, as codes of a byte; they are only read.
struct I4 {
  static constexpr DataType dtype = DataType::kI4;
  using Stored = uint8_t;
  using Wide = I8;
  static int8_t widen(uint8_t x) { return static_cast<int8_t>((x ^ 8) - 8); }
};
struct U4 {
  static constexpr DataType dtype = DataType::kU4;
  using Stored = uint8_t;
  using Wide = U8;
  static uint8_t widen(uint8_t x) { return x; }
};

struct Bool {
  static constexpr DataType dtype = DataType::kBool;
  using Stored = uint8_t;  // any byte may lie in a file
};

template <class E>
constexpr bool is_float = requires(typename E::Stored x) { E::decode(x); };

template <class E, class V>
typename E::Stored encode(V value) {  // V: float or double
  if constexpr (std::is_same_v<E, F64>) {
    return value;
  } else if constexpr (std::is_same_v<V, double> && !std::is_same_v<E, F32>) {
    return E::encode(to_odd_float(value));
  } else {
    return E::encode(static_cast<float>(value));
  }
}

template <class I, class V>
I truncate(V value) {
  using Limits = std::numeric_limits<I>;
  constexpr V kEnd = static_cast<V>(Limits::max() / 2 + 1) * 2;  // max + 1, exact
  if (value != value) return 0;
  if (value <= static_cast<V>(Limits::min())) return Limits::min();
  return value >= kEnd ? Limits::max() : static_cast<I>(value);
}

template <class To, class From>
typename To::Stored convert(typename From::Stored x) {
  using Stored = typename To::Stored;
  if constexpr (requires { typename From::Wide; }) {
    return convert<To, typename From::Wide>(From::widen(x));
  } else if constexpr (std::is_same_v<To, Bool>) {
    if constexpr (is_float<From>) return From::decode(x) != 0;
    else return x != 0;
  } else if constexpr (std::is_same_v<From, Bool>) {
    if constexpr (is_float<To>) return encode<To>(x ? 1.0f : 0.0f);
    else return x != 0;
  } else if constexpr (is_float<From> && is_float<To>) {
    return encode<To>(From::decode(x));
  } else if constexpr (is_float<From>) {
    return truncate<Stored>(From::decode(x));
  } else if constexpr (std::is_same_v<To, F64> || std::is_same_v<To, F32>) {
    return static_cast<Stored>(x);
  } else if constexpr (is_float<To>) {
    return encode<To>(to_odd_double(x));
  } else {
    if (std::in_range<Stored>(x)) return static_cast<Stored>(x);
    return std::cmp_less(x, 0) ? std::numeric_limits<Stored>::min()
                               : std::numeric_limits<Stored>::max();
  }
}

}  // namespace ferrum::elements
