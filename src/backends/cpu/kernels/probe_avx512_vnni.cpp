#include <immintrin.h>

#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum::cpu {
namespace {

int64_t multiply_add() {
  constexpr int64_t kSteps = 4000;
  constexpr int kSums = 16;
  __m512i sums[kSums] = {};
  __m512i factor = _mm512_set1_epi8(1);
  for (int64_t i = 0; i < kSteps; ++i) {
    __asm__ volatile("" : "+v"(factor));
#pragma GCC unroll 16
    for (int s = 0; s < kSums; ++s) sums[s] = _mm512_dpbusd_epi32(sums[s], factor, factor);
  }
  for (__m512i& sum : sums) __asm__ volatile("" : : "v"(sum));
  return kSteps * kSums * 64 * 2;
}

}  // namespace

RateKernel probe_kernel_avx512_vnni() { return {"vpdpbusd zmm", multiply_add}; }

}  // namespace ferrum::cpu
