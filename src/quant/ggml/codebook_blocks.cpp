// IQ: super-blocks of 256 elements, 8 (or 4) of which share one index into a codebook of lattice
// points; signs are stored apart, or (IQ1) a shift of all elements instead:
//   x = (d * scale) * point * sign       x = (d * scale) * (point + shift)

#include "quant/ggml/block_family.h"
#include "quant/ggml/codebooks.h"

namespace ferrum::ggml {
namespace {

template <size_t kPoints, size_t kWidth>
const int8_t* point(const Codebook<kPoints, kWidth>& book, int index) {
  return book[static_cast<size_t>(index)].data();
}

// Seven signs; the eighth makes the number of minus signs even.
int with_parity(uint32_t seven) {
  return static_cast<int>(seven) | __builtin_parity(seven) << 7;
}

// `count` elements, whose signs are the lowest bits of `signs`.
float* decode_point(const int8_t* values, int count, int signs, float scale, float* out) {
  for (int i = 0; i < count; ++i) {
    *out++ = scale * static_cast<float>(values[i]) * ((signs >> i & 1) != 0 ? -1.0f : 1.0f);
  }
  return out;
}

int nibble_of(const uint8_t* bytes, int i) { return bytes[i / 2] >> (i % 2 * 4) & 15; }

struct IQ2_XXS {
  static constexpr int kElements = 256;
  F16 d;
  struct {
    uint8_t index[4];
    U32 signs;  // four times seven bits, and the scale of these 32 elements above
  } group[8];
};
static_assert(sizeof(IQ2_XXS) == 66);

void decode(const IQ2_XXS& block, float* out) {
  const float d = block.d.get();
  for (const auto& group : block.group) {
    const uint32_t signs = group.signs.get();
    const float scale = d * (0.5f + static_cast<float>(signs >> 28)) * 0.25f;
    for (int k = 0; k < 4; ++k) {
      out = decode_point(point(kIq2xxsCodebook, group.index[k]), 8,
                         with_parity(signs >> (7 * k) & 127), scale, out);
    }
  }
}

struct IQ2_XS {
  static constexpr int kElements = 256;
  F16 d;
  U16 q[32];          // nine bits of index, seven of signs
  uint8_t scales[8];  // nibbles, of 16 elements each
};
static_assert(sizeof(IQ2_XS) == 74);

void decode(const IQ2_XS& block, float* out) {
  const float d = block.d.get();
  for (int k = 0; k < 32; ++k) {
    const float scale = d * (0.5f + static_cast<float>(nibble_of(block.scales, k / 2))) * 0.25f;
    const int q = block.q[k].get();
    out = decode_point(point(kIq2xsCodebook, q & 511), 8,
                       with_parity(static_cast<uint32_t>(q >> 9)), scale, out);
  }
}

struct IQ2_S {
  static constexpr int kElements = 256;
  F16 d;
  uint8_t index[32];  // the lower eight bits
  uint8_t signs[32];
  uint8_t high[8];    // of each index two bits
  uint8_t scales[8];  // nibbles, of 16 elements each
};
static_assert(sizeof(IQ2_S) == 82);

void decode(const IQ2_S& block, float* out) {
  const float d = block.d.get();
  for (int k = 0; k < 32; ++k) {
    const float scale = d * (0.5f + static_cast<float>(nibble_of(block.scales, k / 2))) * 0.25f;
    const int index = block.index[k] | (block.high[k / 4] >> (k % 4 * 2) & 3) << 8;
    out = decode_point(point(kIq2sCodebook, index), 8, block.signs[k], scale, out);
  }
}

struct IQ3_XXS {
  static constexpr int kElements = 256;
  F16 d;
  uint8_t index[64];  // of four elements each
  U32 signs[8];       // as in IQ2_XXS
};
static_assert(sizeof(IQ3_XXS) == 98);

void decode(const IQ3_XXS& block, float* out) {
  const float d = block.d.get();
  for (int group = 0; group < 8; ++group) {
    const uint32_t packed = block.signs[group].get();
    const float scale = d * (0.5f + static_cast<float>(packed >> 28)) * 0.5f;
    for (int k = 0; k < 4; ++k) {
      const int signs = with_parity(packed >> (7 * k) & 127);
      const uint8_t* index = block.index + 8 * group + 2 * k;
      out = decode_point(point(kIq3xxsCodebook, index[0]), 4, signs, scale, out);
      out = decode_point(point(kIq3xxsCodebook, index[1]), 4, signs >> 4, scale, out);
    }
  }
}

struct IQ3_S {
  static constexpr int kElements = 256;
  F16 d;
  uint8_t index[64];  // of four elements each; the lower eight bits
  uint8_t high[8];    // of each index one bit
  uint8_t signs[32];
  uint8_t scales[4];  // nibbles, of 32 elements each
};
static_assert(sizeof(IQ3_S) == 110);

void decode(const IQ3_S& block, float* out) {
  const float d = block.d.get();
  for (int k = 0; k < 64; ++k) {
    const float scale = d * static_cast<float>(1 + 2 * nibble_of(block.scales, k / 8));
    const int index = block.index[k] | (block.high[k / 8] >> (k % 8) & 1) << 8;
    const int signs = nibble_of(block.signs, k);
    out = decode_point(point(kIq3sCodebook, index), 4, signs, scale, out);
  }
}

float* decode_shifted(const int8_t* values, bool down, float scale, float* out) {
  const float shift = down ? -0.125f : 0.125f;
  for (int i = 0; i < 8; ++i) *out++ = scale * (static_cast<float>(values[i]) + shift);
  return out;
}

struct IQ1_S {
  static constexpr int kElements = 256;
  F16 d;
  uint8_t index[32];  // the lower eight bits
  U16 high[8];        // of four indices three bits each; a scale of three bits; the shift's sign
};
static_assert(sizeof(IQ1_S) == 50);

void decode(const IQ1_S& block, float* out) {
  const float d = block.d.get();
  for (int group = 0; group < 8; ++group) {
    const int high = block.high[group].get();
    const float scale = d * static_cast<float>(2 * (high >> 12 & 7) + 1);
    for (int k = 0; k < 4; ++k) {
      const int index = block.index[4 * group + k] | (high >> (3 * k) & 7) << 8;
      out = decode_shifted(point(kIq1Codebook, index), high >> 15 != 0, scale, out);
    }
  }
}

struct IQ1_M {
  static constexpr int kElements = 256;
  uint8_t index[32];  // the lower eight bits
  uint8_t high[16];   // nibbles: of each index three bits, and the shift's sign
  U16 scales[4];      // four of three bits, of 16 elements each; and four bits of d
};
static_assert(sizeof(IQ1_M) == 56);

void decode(const IQ1_M& block, float* out) {
  int bits = 0;
  for (int i = 0; i < 4; ++i) bits |= block.scales[i].get() >> 12 << (4 * i);
  const float d = to_float(Float16{static_cast<uint16_t>(bits)});
  for (int k = 0; k < 32; ++k) {
    const int group = k / 2;
    const int scales = block.scales[group / 4].get();
    const float scale = d * static_cast<float>(2 * (scales >> (group % 4 * 3) & 7) + 1);
    const int high = nibble_of(block.high, k);
    const int index = block.index[k] | (high & 7) << 8;
    out = decode_shifted(point(kIq1Codebook, index), (high & 8) != 0, scale, out);
  }
}

constexpr std::array kTypes{
    block_type<IQ2_XXS>(16, "iq2_xxs"), block_type<IQ2_XS>(17, "iq2_xs"),
    block_type<IQ3_XXS>(18, "iq3_xxs"), block_type<IQ1_S>(19, "iq1_s"),
    block_type<IQ3_S>(21, "iq3_s"),     block_type<IQ2_S>(22, "iq2_s"),
    block_type<IQ1_M>(29, "iq1_m"),
};

}  // namespace

std::span<const BlockType> codebook_block_types() { return kTypes; }

}  // namespace ferrum::ggml
