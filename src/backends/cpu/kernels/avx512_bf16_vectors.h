#pragma once
// Pairs of bf16 for VDPBF16PS. Included only by sources compiled for AVX512_BF16; everything here
// has internal linkage.

#include "backends/cpu/kernels/avx512_vectors.h"

namespace ferrum::cpu {
namespace {

// Sums of products of pairs, for register_block.h.
struct Bf16x32 {
  using Sum = __m512;
  using Operand = __m512bh;
  static constexpr int64_t kLanes = 16;
  static constexpr int kRows = 6;
  static constexpr int kColumns = 4;
  static Sum zero() { return _mm512_setzero_ps(); }
  static Sum load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Sum x) { _mm512_storeu_ps(p, x); }
  static Sum multiply_add(Operand a, Operand b, Sum c) { return _mm512_dpbf16_ps(c, a, b); }
  static Operand operand(const void* p) {
    return reinterpret_cast<Operand>(_mm512_load_si512(p));
  }
  // The pair at p, or its first element and a zero, in all lanes.
  template <int kElements>
  static Operand broadcast(const void* p) {
    if constexpr (kElements == 2) return reinterpret_cast<Operand>(_mm512_set1_epi32(load32(p)));
    uint16_t first;
    __builtin_memcpy(&first, p, sizeof first);
    return reinterpret_cast<Operand>(_mm512_set1_epi32(first));
  }
};

// Lane i: the pair (low[i], high[i]), rounded to bf16.
inline __m512i to_pairs(__m512 low, __m512 high) {
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
  alignas(64) static constexpr uint16_t kInterleave[32] = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(kInterleave), halves);
}

}  // namespace
}  // namespace ferrum::cpu
