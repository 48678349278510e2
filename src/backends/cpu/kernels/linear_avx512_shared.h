#pragma once
// Packing and storing for every AVX-512 level. Included only by sources compiled for AVX-512;
// everything here has internal linkage.

#include "backends/cpu/kernels/avx512_vectors.h"
#include "backends/cpu/kernels/linear_sums.h"

namespace ferrum::cpu {
namespace {

// 32 bits per lane of the packed activations: one f32, or (kPair) two bf16, from element `index`.
template <bool kPair>
inline __m512i packed_lanes(const PackArgs& a, int64_t index, int64_t left) {
  if (kPair && a.x_dtype == DataType::kBF16) {
    return _mm512_maskz_loadu_epi16(lanes32(left), static_cast<const uint16_t*>(a.x) + index);
  }
  const __m512 low = load_masked(a.x, a.x_dtype, index, lanes16(left));
  if constexpr (!kPair) return _mm512_castps_si512(low);
  const __m512 high = load_masked(a.x, a.x_dtype, index + 16, lanes16(left - 16));
  return _mm512_inserti64x4(_mm512_castsi256_si512(f32_to_bf16(low)), f32_to_bf16(high), 1);
}

// Groups of 16 tokens: blocks of 16 x 16 lanes are transposed. lanes = 1: rows are copied.
template <bool kPair>
void pack_as(const PackArgs& a) {
  constexpr int64_t kStep = kPair ? 32 : 16;  // elements of `in` per vector
  const int64_t in = round_up(a.in, kPackedStep);
  const int64_t tokens = round_up(a.tokens, a.lanes);
  for (int64_t t = a.begin; t < a.end; t += a.lanes) {
    for (int64_t i = 0; i < in; i += kStep) {
      const int64_t first = i / a.depth * a.depth;  // of the block
      const int64_t group = first * tokens + t * smaller(a.depth, in - first);
      __m512i* const packed =
          static_cast<__m512i*>(a.packed) + (group + (i - first) * a.lanes) / kStep;
      if (a.lanes == 1) {
        packed[0] = packed_lanes<kPair>(a, t * a.stride + i, a.in - i);
        continue;
      }
      __m512i rows[16];
      for (int64_t r = 0; r < 16; ++r) {
        rows[r] = t + r < a.tokens ? packed_lanes<kPair>(a, (t + r) * a.stride + i, a.in - i)
                                   : _mm512_setzero_si512();
      }
      transpose16(rows);
      for (int64_t r = 0; r < 16; ++r) packed[r] = rows[r];
    }
  }
}

void pack(const PackArgs& a) {
  a.packed_dtype == DataType::kBF16 ? pack_as<true>(a) : pack_as<false>(a);
}

void store_vector(const StoreArgs& a, int64_t token, int64_t row, __m512 value) {
  const __mmask16 mask = lanes16(a.rows - row);
  if (a.factor) value = _mm512_mul_ps(value, _mm512_set1_ps(a.factor[token]));
  if (a.bias) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, a.bias + row));
  store_masked(a.out, a.out_dtype, token * a.out_stride + row, mask, value);
}

void store_block(const StoreArgs& a, int64_t row, int64_t token) {
  const float* const group = a.sums + token / 16 * a.sums_stride;
  __m512i block[16];
  for (int64_t r = 0; r < 16; ++r) {
    block[r] = _mm512_loadu_si512(group + smaller(row + r, a.rows - 1) * 16);
  }
  transpose16(block);
  for (int64_t t = 0; t < smaller(16, a.tokens - token); ++t) {
    store_vector(a, token + t, row, _mm512_castsi512_ps(block[t]));
  }
}

// Rows inside tokens: the rows of a token are neighbours, the tokens are pages apart.
void store(const StoreArgs& a) {
  for (int64_t t = 0; t < a.tokens; t += a.lanes) {
    for (int64_t row = 0; row < a.rows; row += 16) {
      if (a.lanes == 1) {
        const float* const from = a.sums + t * a.sums_stride + row;
        store_vector(a, t, row, _mm512_maskz_loadu_ps(lanes16(a.rows - row), from));
      } else {
        store_block(a, row, t);
      }
    }
  }
}

}  // namespace
}  // namespace ferrum::cpu
