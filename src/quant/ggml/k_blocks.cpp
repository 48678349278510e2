// Super-blocks of 256 elements. Each of 8 or 16 groups has a scale of its own, quantised with the
// super-block's d; some have an offset, quantised with dmin:
//   x = (d * scale) * q - (dmin * offset)

#include <bit>

#include "quant/ggml/block_family.h"

namespace ferrum::ggml {
namespace {

struct Q2_K {
  static constexpr int kElements = 256;
  uint8_t scales[16];  // scale in the low nibble, offset in the high one
  uint8_t q[64];       // bits 2s and 2s+1 of byte 32 g + i: element 128 g + 32 s + i
  F16 d, dmin;
};
static_assert(sizeof(Q2_K) == 84);

void decode(const Q2_K& block, float* out) {
  const float d = block.d.get(), dmin = block.dmin.get();
  for (int row = 0; row < 8; ++row) {
    const uint8_t* q = block.q + row / 4 * 32;
    const int shift = row % 4 * 2;
    for (int half = 0; half < 2; ++half) {
      const int scales = block.scales[2 * row + half];
      const float scale = d * static_cast<float>(scales & 15);
      const float offset = dmin * static_cast<float>(scales >> 4);
      for (int i = 0; i < 16; ++i) {
        *out++ = scale * static_cast<float>(q[16 * half + i] >> shift & 3) - offset;
      }
    }
  }
}

struct Q3_K {
  static constexpr int kElements = 256;
  uint8_t high[32];    // bit r of byte i: the third bit of element 32 r + i
  uint8_t q[64];       // as in Q2_K
  uint8_t scales[12];  // 16 of 6 bits: nibbles of bytes 0-7, then pairs of bits of bytes 8-11
  F16 d;
};
static_assert(sizeof(Q3_K) == 110);

int scale_of(const Q3_K& block, int group) {
  const int low = block.scales[group % 8] >> (group / 8 * 4) & 15;
  const int high = block.scales[8 + group % 4] >> (group / 4 * 2) & 3;
  return (low | high << 4) - 32;
}

void decode(const Q3_K& block, float* out) {
  const float d = block.d.get();
  for (int row = 0; row < 8; ++row) {
    const uint8_t* q = block.q + row / 4 * 32;
    const int shift = row % 4 * 2;
    for (int half = 0; half < 2; ++half) {
      const float scale = d * static_cast<float>(scale_of(block, 2 * row + half));
      for (int i = 16 * half; i < 16 * half + 16; ++i) {
        const int high = block.high[i] >> row & 1;
        *out++ = scale * static_cast<float>((q[i] >> shift & 3) + 4 * high - 4);
      }
    }
  }
}

// Scales and offsets of 8 groups, 6 bits each: those of groups 0-3 lie in bytes 0-3 and 4-7, of
// the others the low nibbles in bytes 8-11 and the rest in the upper bits of bytes 0-3 and 4-7.
struct PackedScales {
  uint8_t bytes[12];

  int scale(int group) const {
    if (group < 4) return bytes[group] & 63;
    return (bytes[group + 4] & 15) | (bytes[group - 4] >> 6) << 4;
  }
  int offset(int group) const {
    if (group < 4) return bytes[group + 4] & 63;
    return bytes[group + 4] >> 4 | (bytes[group] >> 6) << 4;
  }
};

struct Q4_K {
  static constexpr int kElements = 256;
  F16 d, dmin;
  PackedScales scales;
  uint8_t q[128];  // low nibble of byte 32 g + i: element 64 g + i; high: element 64 g + 32 + i
};
static_assert(sizeof(Q4_K) == 144);

void decode(const Q4_K& block, float* out) {
  const float d = block.d.get(), dmin = block.dmin.get();
  for (int group = 0; group < 8; ++group) {
    const float scale = d * static_cast<float>(block.scales.scale(group));
    const float offset = dmin * static_cast<float>(block.scales.offset(group));
    const uint8_t* q = block.q + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      *out++ = scale * static_cast<float>(q[i] >> shift & 15) - offset;
    }
  }
}

struct Q5_K {
  static constexpr int kElements = 256;
  F16 d, dmin;
  PackedScales scales;
  uint8_t high[32];  // bit g of byte i: the fifth bit of element 32 g + i
  uint8_t q[128];    // as in Q4_K
};
static_assert(sizeof(Q5_K) == 176);

void decode(const Q5_K& block, float* out) {
  const float d = block.d.get(), dmin = block.dmin.get();
  for (int group = 0; group < 8; ++group) {
    const float scale = d * static_cast<float>(block.scales.scale(group));
    const float offset = dmin * static_cast<float>(block.scales.offset(group));
    const uint8_t* q = block.q + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int high = block.high[i] >> group & 1;
      *out++ = scale * static_cast<float>((q[i] >> shift & 15) | high << 4) - offset;
    }
  }
}

struct Q6_K {
  static constexpr int kElements = 256;
  uint8_t low[128];  // nibbles: element 128 g + 64 n + i in nibble n of byte 64 g + i, i < 64
  uint8_t high[64];  // bits 2s and 2s+1 of byte 32 g + i: element 128 g + 32 s + i
  int8_t scales[16];
  F16 d;
};
static_assert(sizeof(Q6_K) == 210);

void decode(const Q6_K& block, float* out) {
  const float d = block.d.get();
  for (int row = 0; row < 8; ++row) {
    const uint8_t* low = block.low + row / 4 * 64 + row % 2 * 32;
    const uint8_t* high = block.high + row / 4 * 32;
    const int low_shift = row % 4 / 2 * 4, high_shift = row % 4 * 2;
    for (int half = 0; half < 2; ++half) {
      const float scale = d * static_cast<float>(block.scales[2 * row + half]);
      for (int i = 16 * half; i < 16 * half + 16; ++i) {
        const int q = (low[i] >> low_shift & 15) | (high[i] >> high_shift & 3) << 4;
        *out++ = scale * static_cast<float>(q - 32);
      }
    }
  }
}

struct Q8_K {
  static constexpr int kElements = 256;
  U32 d;  // the bits of an f32
  int8_t q[256];
  U16 sums[16];  // of 16 q each: for dot products
};
static_assert(sizeof(Q8_K) == 292);

void decode(const Q8_K& block, float* out) {
  const float d = std::bit_cast<float>(block.d.get());
  for (int i = 0; i < 256; ++i) out[i] = d * static_cast<float>(block.q[i]);
}

constexpr std::array kTypes{
    block_type<Q2_K>(10, "q2_k"), block_type<Q3_K>(11, "q3_k"), block_type<Q4_K>(12, "q4_k"),
    block_type<Q5_K>(13, "q5_k"), block_type<Q6_K>(14, "q6_k"), block_type<Q8_K>(15, "q8_k"),
};

}  // namespace

std::span<const BlockType> k_block_types() { return kTypes; }

}  // namespace ferrum::ggml
