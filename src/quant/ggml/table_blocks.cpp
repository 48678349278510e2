// Blocks whose 4-bit codes are looked up in a table of 16 values:  x = d * table[code].

#include <bit>
#include <cmath>

#include "quant/ggml/block_family.h"

namespace ferrum::ggml {
namespace {

constexpr std::array<int8_t, 16> kNonLinear{-127, -104, -83, -65, -49, -35, -22, -10,
                                            1,    13,   25,  38,  53,  69,  89,  113};
// The values of E2M1 doubled, so that they are integers; scales are halved in return.
constexpr std::array<int8_t, 16> kTwiceE2M1{0, 1,  2,  3,  4,  6,  8,  12,
                                            0, -1, -2, -3, -4, -6, -8, -12};

auto scaled(float d, const std::array<int8_t, 16>& table) {
  return [d, &table](int code) {
    return d * static_cast<float>(table[static_cast<size_t>(code)]);
  };
}

struct IQ4_NL {
  static constexpr int kElements = 32;
  F16 d;
  uint8_t q[16];
};
static_assert(sizeof(IQ4_NL) == 18);

void decode(const IQ4_NL& block, float* out) {
  decode_nibbles(block.q, out, scaled(block.d.get(), kNonLinear));
}

struct IQ4_XS {
  static constexpr int kElements = 256;
  F16 d;
  U16 high_scales;       // of each group 2 bits
  uint8_t low_scales[4]; // of each group 4 bits
  uint8_t q[8][16];
};
static_assert(sizeof(IQ4_XS) == 136);

void decode(const IQ4_XS& block, float* out) {
  const float d = block.d.get();
  for (int group = 0; group < 8; ++group) {
    const int low = block.low_scales[group / 2] >> (group % 2 * 4) & 15;
    const int high = block.high_scales.get() >> (2 * group) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    decode_nibbles(block.q[group], out + 32 * group, scaled(scale, kNonLinear));
  }
}

struct MXFP4 {  // of the OCP Microscaling specification
  static constexpr int kElements = 32;
  uint8_t exponent;  // E8M0
  uint8_t q[16];
};
static_assert(sizeof(MXFP4) == 17);

// 2^(exponent - 128), also where that is subnormal.
float half_of_e8m0(uint8_t exponent) {
  const uint32_t bits =
      exponent < 2 ? uint32_t{0x00200000} << exponent : uint32_t{exponent - 1u} << 23;
  return std::bit_cast<float>(bits);
}

void decode(const MXFP4& block, float* out) {
  decode_nibbles(block.q, out, scaled(half_of_e8m0(block.exponent), kTwiceE2M1));
}

struct NVFP4 {
  static constexpr int kElements = 64;
  uint8_t scales[4];  // E4M3, the sign bit unused; of 16 elements each
  uint8_t q[4][8];    // low nibbles: elements 0 to 7 of the 16; high nibbles: 8 to 15
};
static_assert(sizeof(NVFP4) == 36);

float half_of_e4m3(uint8_t bits) {
  if (bits == 0x7f) return 0;  // NaN elsewhere
  const int exponent = bits >> 3 & 15, fraction = bits & 7;
  return exponent == 0 ? std::ldexp(static_cast<float>(fraction), -10)
                       : std::ldexp(static_cast<float>(8 + fraction), exponent - 11);
}

void decode(const NVFP4& block, float* out) {
  for (int group = 0; group < 4; ++group) {
    const auto to_value = scaled(half_of_e4m3(block.scales[group]), kTwiceE2M1);
    for (int i = 0; i < 8; ++i) *out++ = to_value(block.q[group][i] & 15);
    for (int i = 0; i < 8; ++i) *out++ = to_value(block.q[group][i] >> 4);
  }
}

constexpr std::array kTypes{
    block_type<IQ4_NL>(20, "iq4_nl"),
    block_type<IQ4_XS>(23, "iq4_xs"),
    block_type<MXFP4>(39, "mxfp4"),
    block_type<NVFP4>(40, "nvfp4"),
};

}  // namespace

std::span<const BlockType> table_block_types() { return kTypes; }

}  // namespace ferrum::ggml
