// Elements of one or two bits, and of base-3 digits:  x = d * q  with q in -1, 0, 1 (2 may occur).

#include "quant/ggml/block_family.h"

namespace ferrum::ggml {
namespace {

// Byte b holds digits t0 to t4 as the fixed-point fraction 0.t0t1t2t3t4 in base 3, rounded up to
// 1/256: the digit n is the integer part of three times what follows the first n digits.
template <int kDigits, int kBytes>
float* decode_digits(const uint8_t (&bytes)[kBytes], float d, float* out) {
  uint8_t power = 1;
  for (int n = 0; n < kDigits; ++n, power = static_cast<uint8_t>(power * 3)) {
    for (int i = 0; i < kBytes; ++i) {
      const auto rest = static_cast<uint8_t>(bytes[i] * power);
      *out++ = d * static_cast<float>((rest * 3 >> 8) - 1);
    }
  }
  return out;
}

struct TQ1_0 {
  static constexpr int kElements = 256;
  uint8_t first[32];  // digit n of byte i: element 32 n + i
  uint8_t then[16];   // element 160 + 16 n + i
  uint8_t last[4];    // four digits only: element 240 + 4 n + i
  F16 d;
};
static_assert(sizeof(TQ1_0) == 54);

void decode(const TQ1_0& block, float* out) {
  const float d = block.d.get();
  out = decode_digits<5>(block.first, d, out);
  out = decode_digits<5>(block.then, d, out);
  decode_digits<4>(block.last, d, out);
}

struct TQ2_0 {
  static constexpr int kElements = 256;
  uint8_t q[64];  // bits 2s and 2s+1 of byte 32 g + i: element 128 g + 32 s + i
  F16 d;
};
static_assert(sizeof(TQ2_0) == 66);

void decode(const TQ2_0& block, float* out) {
  const float d = block.d.get();
  for (int row = 0; row < 8; ++row) {
    const uint8_t* q = block.q + row / 4 * 32;
    const int shift = row % 4 * 2;
    for (int i = 0; i < 32; ++i) *out++ = d * static_cast<float>((q[i] >> shift & 3) - 1);
  }
}

struct Q1_0 {
  static constexpr int kElements = 128;
  F16 d;
  uint8_t q[16];  // element 8 i + b in bit b of byte i: 1 is d, 0 is -d
};
static_assert(sizeof(Q1_0) == 18);

void decode(const Q1_0& block, float* out) {
  const float d = block.d.get();
  for (int i = 0; i < 128; ++i) {
    out[i] = d * static_cast<float>(2 * (block.q[i / 8] >> (i % 8) & 1) - 1);
  }
}

struct Q2_0 {
  static constexpr int kElements = 64;
  F16 d;
  uint8_t q[16];  // element 4 i + s in bits 2s and 2s+1 of byte i
};
static_assert(sizeof(Q2_0) == 18);

void decode(const Q2_0& block, float* out) {
  const float d = block.d.get();
  for (int i = 0; i < 64; ++i) {
    out[i] = d * static_cast<float>((block.q[i / 4] >> (i % 4 * 2) & 3) - 1);
  }
}

constexpr std::array kTypes{
    block_type<TQ1_0>(34, "tq1_0"),
    block_type<TQ2_0>(35, "tq2_0"),
    block_type<Q1_0>(41, "q1_0"),
    block_type<Q2_0>(42, "q2_0"),
};

}  // namespace

std::span<const BlockType> ternary_block_types() { return kTypes; }

}  // namespace ferrum::ggml
