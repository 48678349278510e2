#pragma once
// Few tokens times bf16 weights by VDPBF16PS: every weight is read once, in four long streams.
// Included only by sources compiled for AVX512_BF16; everything here has internal linkage.

#include "backends/cpu/kernels/linear_avx512_shared.h"

namespace ferrum::cpu {
namespace {

// Sums of S rows, `apart` rows from each other, for T tokens of row-packed x.
template <int S, int T>
inline void dot_bf16(const MultiplyArgs& a, int64_t row, int64_t apart, int64_t token) {
  const int64_t x_stride = round_up(a.in, kPackedStep);
  const uint16_t* const x = static_cast<const uint16_t*>(a.x) + token * x_stride;
  const uint16_t* w[S];
  for (int s = 0; s < S; ++s) {
    w[s] = static_cast<const uint16_t*>(a.weight) + (row + s * apart) * a.in;
  }
  __m512 acc[S][T];
  for (auto& stream : acc) for (__m512& v : stream) v = _mm512_setzero_ps();
  const auto step = [&](int64_t i, __mmask32 mask) {
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) {
      _mm_prefetch(reinterpret_cast<const char*>(w[s] + i) + kPrefetchBytes, _MM_HINT_T0);
      const __m512bh v = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, w[s] + i));
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        const __m512i y = _mm512_load_si512(x + t * x_stride + i);
        acc[s][t] = _mm512_dpbf16_ps(acc[s][t], v, reinterpret_cast<__m512bh>(y));
      }
    }
  };
  int64_t i = 0;
  for (; i + 32 <= a.in; i += 32) step(i, 0xffffffffu);
  if (i < a.in) step(i, lanes32(a.in - i));
  for (int s = 0; s < S; ++s) {
    for (int t = 0; t < T; ++t) {
      a.sums[(token + t) * a.sums_stride + row + s * apart] = sum(acc[s][t]);
    }
  }
}

template <int S, int T>
void few_bf16_of(const MultiplyArgs& a) {
  const int64_t apart = a.rows / S;
  for (int64_t r = 0; r < apart; ++r) dot_bf16<S, T>(a, r, apart, 0);
  for (int64_t r = apart * S; r < a.rows; ++r) dot_bf16<1, T>(a, r, 0, 0);
}

void few_bf16(const MultiplyArgs& a) {
  switch (a.tokens) {
    case 1: return few_bf16_of<4, 1>(a);
    case 2: return few_bf16_of<4, 2>(a);
    case 3: return few_bf16_of<4, 3>(a);
    case 4: return few_bf16_of<4, 4>(a);
    case 5: return few_bf16_of<2, 5>(a);
    case 6: return few_bf16_of<2, 6>(a);
    case 7: return few_bf16_of<2, 7>(a);
    case 8: return few_bf16_of<2, 8>(a);
  }
}

LinearKernel few_bf16_kernel() {
  return {.run = multiply_and_store<few_bf16, store, 1>,
          .x_dtype = DataType::kBF16,
          .lanes = 1,
          .depth = 0,
          .row_group = kStreams,
          .max_rows = 256,
          .max_tokens = 0,
          .scratch_bytes = 0};
}

}  // namespace
}  // namespace ferrum::cpu
