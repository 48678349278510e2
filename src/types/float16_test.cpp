#include "ferrum/types/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace ferrum {
namespace {

// A 16-bit float by its definition, in double, where every step below is exact.
struct Format {
  int fraction_bits;
  int bias;
};
constexpr Format kHalf{10, 15};
constexpr Format kBrain{7, 127};

double decode(uint16_t bits, Format format) {
  const int exponent_mask = (1 << (15 - format.fraction_bits)) - 1;
  const int exponent = (bits >> format.fraction_bits) & exponent_mask;
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == exponent_mask) return fraction ? std::nan("") : sign * HUGE_VAL;
  const double significand = std::ldexp(fraction, -format.fraction_bits) + (exponent ? 1 : 0);
  return sign * std::ldexp(significand, (exponent ? exponent : 1) - format.bias);
}

// The nearest value of the format, ties to even: round at its unit in the last place.
double round(double x, Format format) {
  if (x == 0 || !std::isfinite(x)) return x;
  const int exponent = std::max(std::ilogb(x), 1 - format.bias);
  const double unit = std::ldexp(1.0, exponent - format.fraction_bits);
  const double rounded = std::nearbyint(x / unit) * unit;
  const double beyond = std::ldexp(1.0, format.bias + 1);  // the first power of two too large
  return std::fabs(rounded) >= beyond ? std::copysign(HUGE_VAL, x) : rounded;
}

void expect_same(double actual, double expected, uint32_t input) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << std::hex << input;
  } else {
    EXPECT_EQ(actual, expected) << std::hex << input;
    EXPECT_EQ(std::signbit(actual), std::signbit(expected)) << std::hex << input;
  }
}

// Calls visit for floats whose lower halves lie on and beside every rounding boundary.
template <class Visit>
void for_each_float(Visit visit) {
  constexpr uint32_t kLows[] = {0x0000, 0x0001, 0x0fff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x2fff,
                                0x3000, 0x3001, 0x7fff, 0x8000, 0x8001, 0xf000, 0xffff};
  for (uint32_t high = 0; high < 0x10000; ++high) {
    for (const uint32_t low : kLows) visit(std::bit_cast<float>(high << 16 | low));
  }
}

TEST(Float16, EveryValueIsItsDefinition) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    expect_same(to_float(Float16{half}), decode(half, kHalf), bits);
    expect_same(to_float(BFloat16{half}), decode(half, kBrain), bits);
  }
}

TEST(Float16, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    // A signalling NaN becomes the quiet one of the same payload.
    const bool half_nan = std::isnan(decode(half, kHalf));
    EXPECT_EQ(to_float16(to_float(Float16{half})).bits, half_nan ? half | 0x200 : half);
    const bool brain_nan = std::isnan(decode(half, kBrain));
    EXPECT_EQ(to_bfloat16(to_float(BFloat16{half})).bits, brain_nan ? half | 0x40 : half);
  }
}

TEST(Float16, RoundsToNearestEven) {
  for_each_float([](float x) {
    const auto bits = std::bit_cast<uint32_t>(x);
    expect_same(decode(to_float16(x).bits, kHalf), round(x, kHalf), bits);
    expect_same(decode(to_bfloat16(x).bits, kBrain), round(x, kBrain), bits);
  });
}

TEST(Float16, BoundariesOfTheStandard) {
  EXPECT_EQ(to_float16(65504.0f).bits, 0x7bff);         // the largest
  EXPECT_EQ(to_float16(65519.996f).bits, 0x7bff);       // still rounds down
  EXPECT_EQ(to_float16(65520.0f).bits, 0x7c00);         // halfway, to infinity
  EXPECT_EQ(to_float16(0x1p-24f).bits, 0x0001);         // the smallest
  EXPECT_EQ(to_float16(0x1p-25f).bits, 0x0000);         // halfway, to even
  EXPECT_EQ(to_float16(0x1.000002p-25f).bits, 0x0001);  // above halfway
  EXPECT_EQ(to_float16(-0.0f).bits, 0x8000);
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-8f).bits, 0x3f80);    // halfway, to even
  EXPECT_EQ(to_bfloat16(1.0f + 0x1.8p-7f).bits, 0x3f82);  // halfway, to even
}

}  // namespace
}  // namespace ferrum
