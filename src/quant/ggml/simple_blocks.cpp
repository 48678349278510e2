// Blocks of 32 elements with one scale d:  x = d * q,  or with an offset m:  x = d * q + m.

#include "quant/ggml/block_family.h"

namespace ferrum::ggml {
namespace {

struct Q4_0 {
  static constexpr int kElements = 32;
  F16 d;
  uint8_t q[16];
};
static_assert(sizeof(Q4_0) == 18);

void decode(const Q4_0& block, float* out) {
  const float d = block.d.get();
  decode_nibbles(block.q, out, [d](int q) { return d * static_cast<float>(q - 8); });
}

struct Q4_1 {
  static constexpr int kElements = 32;
  F16 d, m;
  uint8_t q[16];
};
static_assert(sizeof(Q4_1) == 20);

void decode(const Q4_1& block, float* out) {
  const float d = block.d.get(), m = block.m.get();
  decode_nibbles(block.q, out, [=](int q) { return d * static_cast<float>(q) + m; });
}

// Nibbles, and the fifth bit of element i in bit i of `high`.
void join_five_bits(const uint8_t (&nibbles)[16], uint32_t high, int (&out)[32]) {
  for (int i = 0; i < 16; ++i) {
    out[i] = (nibbles[i] & 15) | static_cast<int>(high >> i & 1) << 4;
    out[16 + i] = (nibbles[i] >> 4) | static_cast<int>(high >> (16 + i) & 1) << 4;
  }
}

struct Q5_0 {
  static constexpr int kElements = 32;
  F16 d;
  U32 high;
  uint8_t q[16];
};
static_assert(sizeof(Q5_0) == 22);

void decode(const Q5_0& block, float* out) {
  const float d = block.d.get();
  int q[32];
  join_five_bits(block.q, block.high.get(), q);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(q[i] - 16);
}

struct Q5_1 {
  static constexpr int kElements = 32;
  F16 d, m;
  U32 high;
  uint8_t q[16];
};
static_assert(sizeof(Q5_1) == 24);

void decode(const Q5_1& block, float* out) {
  const float d = block.d.get(), m = block.m.get();
  int q[32];
  join_five_bits(block.q, block.high.get(), q);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(q[i]) + m;
}

struct Q8_0 {
  static constexpr int kElements = 32;
  F16 d;
  int8_t q[32];
};
static_assert(sizeof(Q8_0) == 34);

void decode(const Q8_0& block, float* out) {
  const float d = block.d.get();
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(block.q[i]) * d;
}

struct Q8_1 {
  static constexpr int kElements = 32;
  F16 d;
  F16 sum;  // d times the sum of q: for dot products
  int8_t q[32];
};
static_assert(sizeof(Q8_1) == 36);

void decode(const Q8_1& block, float* out) {
  const float d = block.d.get();
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(block.q[i]) * d;
}

constexpr std::array kTypes{
    block_type<Q4_0>(2, "q4_0"), block_type<Q4_1>(3, "q4_1"), block_type<Q5_0>(6, "q5_0"),
    block_type<Q5_1>(7, "q5_1"), block_type<Q8_0>(8, "q8_0"), block_type<Q8_1>(9, "q8_1"),
};

}  // namespace

std::span<const BlockType> simple_block_types() { return kTypes; }

}  // namespace ferrum::ggml
