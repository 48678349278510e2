#include "ferrum/types/float8.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "types/float8_references.h"

namespace ferrum {
namespace {

template <class Codes, class Decoded>
void expect_like_torch(DataType dtype, const Codes& codes, const Decoded& values) {
  using float8_references::kInputs;
  for (size_t i = 0; i < kInputs.size(); ++i) {
    const auto x = std::bit_cast<float>(kInputs[i]);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(decode_float8(dtype, encode_float8(dtype, x))));
      continue;
    }
    EXPECT_EQ(encode_float8(dtype, x), codes[i]) << to_string(dtype) << " of " << x;
  }
  for (size_t code = 0; code < 256; ++code) {
    const auto expected = std::bit_cast<float>(values[code]);
    const float decoded = decode_float8(dtype, static_cast<uint8_t>(code));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(decoded)) << to_string(dtype) << " " << code;
    } else {
      EXPECT_EQ(std::bit_cast<uint32_t>(decoded), values[code]) << to_string(dtype) << " " << code;
      EXPECT_EQ(encode_float8(dtype, decoded), code);
    }
  }
}

TEST(Float8, ConvertsLikeTorch) {
  using namespace float8_references;
  expect_like_torch(DataType::kF8E4M3, kF8E4M3Codes, kF8E4M3Values);
  expect_like_torch(DataType::kF8E5M2, kF8E5M2Codes, kF8E5M2Values);
  expect_like_torch(DataType::kF8E4M3Fnuz, kF8E4M3FnuzCodes, kF8E4M3FnuzValues);
  expect_like_torch(DataType::kF8E5M2Fnuz, kF8E5M2FnuzCodes, kF8E5M2FnuzValues);
}

// OCP Microscaling Formats 1.0, section 5.4.1: 2^(code - 127), 0xff is NaN.
TEST(Float8, E8M0HoldsPowersOfTwo) {
  for (int code = 0; code < 255; ++code) {
    const float value = decode_float8(DataType::kF8E8M0, static_cast<uint8_t>(code));
    EXPECT_EQ(value, std::ldexp(1.0f, code - 127));
    EXPECT_EQ(encode_float8(DataType::kF8E8M0, value), code);
    EXPECT_EQ(encode_float8(DataType::kF8E8M0, value * 1.4f), code);
    EXPECT_EQ(encode_float8(DataType::kF8E8M0, value * 1.5f), code + 1);
  }
  EXPECT_TRUE(std::isnan(decode_float8(DataType::kF8E8M0, 0xff)));
  for (const float x : {-1.0f, INFINITY, NAN}) EXPECT_EQ(encode_float8(DataType::kF8E8M0, x), 0xff);
  EXPECT_EQ(encode_float8(DataType::kF8E8M0, 0.0f), 0);
}

}  // namespace
}  // namespace ferrum
