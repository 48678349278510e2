#include <immintrin.h>

#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPrefetchBytes = 2048;

uint64_t read(const void* from, int64_t bytes) {
  const char* const p = static_cast<const char*>(from);
  const int64_t apart = bytes / 4;
  __m512i sums[4] = {};
  for (int64_t i = 0; i < apart; i += 64) {
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      const char* const line = p + s * apart + i;
      _mm_prefetch(line + kPrefetchBytes, _MM_HINT_T0);
      sums[s] = _mm512_xor_si512(sums[s], _mm512_loadu_si512(line));
    }
  }
  const __m512i all = _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]),
                                       _mm512_xor_si512(sums[2], sums[3]));
  return static_cast<uint64_t>(_mm512_reduce_or_epi64(all));
}

int64_t multiply_add() {
  constexpr int64_t kSteps = 4000;
  constexpr int kSums = 16;
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  __m512 factor = _mm512_set1_ps(1.0f);
  for (int64_t i = 0; i < kSteps; ++i) {
    __asm__ volatile("" : "+v"(factor));
#pragma GCC unroll 16
    for (int s = 0; s < kSums; ++s) sums[s] = _mm512_fmadd_ps(factor, factor, sums[s]);
  }
  for (__m512& sum : sums) __asm__ volatile("" : : "v"(sum));
  return kSteps * kSums * 16 * 2;
}

}  // namespace

ProbeKernels probe_kernels_avx512() {
  return {.read = read, .f32 = {"vfmadd231ps zmm", multiply_add}, .bf16 = {}, .int8 = {}};
}

}  // namespace ferrum::cpu
