#pragma once
// What the bf16 attention steps share: probabilities packed in pairs of positions. Included only
// by sources compiled for AVX512_BF16; everything here has internal linkage.

#include "backends/cpu/kernels/attention_softmax.h"
#include "backends/cpu/kernels/avx512_bf16_vectors.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPairs = kAttentionTile / 2;

// scores [rows / 16][kAttentionTile][16] -> weights [rows / 16][kPairs][16] pairs of bf16;
// positions behind the last one have weight 0, up to a multiple of 32.
inline void softmax_pairs(const AttentionStep& a, float* scores, __m512i* weights) {
  for (int64_t row = 0; row < a.rows; row += kVector) {
    const __m512 below = F32x16::subtract(F32x16::zero(), raise_largest<F32x16>(a, row, scores));
    __m512 total = _mm512_loadu_ps(a.total + row);
    const auto weight = [&](int64_t p) {
      if (p >= a.positions) return _mm512_setzero_ps();
      const __m512 score = _mm512_loadu_ps(scores + p * kVector);
      return weight_of<F32x16, Accuracy::kCoarse>(a, score, below);
    };
    for (int64_t p = 0; p < round_up(a.positions, 32); p += 2) {
      const __m512 low = weight(p);
      const __m512 high = weight(p + 1);
      total = _mm512_add_ps(total, _mm512_add_ps(low, high));
      _mm512_store_si512(weights + p / 2, to_pairs(low, high));
    }
    _mm512_storeu_ps(a.total + row, total);
    scores += kAttentionTile * kVector;
    weights += kPairs;
  }
}

// 16 elements from d of the values of positions p and p + 1, as pairs; zeros outside.
inline __m512i value_pairs(const AttentionStep& a, int64_t p, int64_t d) {
  const __mmask16 mask = lanes16(a.head_dim - d);
  const auto half = [&](int64_t at) {
    if (at >= a.positions) return _mm512_setzero_si512();
    const uint16_t* const from = static_cast<const uint16_t*>(a.values[at]) + d;
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from));
  };
  return _mm512_or_si512(half(p), _mm512_slli_epi32(half(p + 1), 16));
}

}  // namespace
}  // namespace ferrum::cpu
