#include <immintrin.h>

#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum::cpu {
namespace {

int64_t multiply_add() {
  constexpr int64_t kSteps = 4000;
  constexpr int kSums = 16;
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  __m512i factor = _mm512_set1_epi16(0x3f80);  // ones
  for (int64_t i = 0; i < kSteps; ++i) {
    __asm__ volatile("" : "+v"(factor));
    const __m512bh pairs = reinterpret_cast<__m512bh>(factor);
#pragma GCC unroll 16
    for (int s = 0; s < kSums; ++s) sums[s] = _mm512_dpbf16_ps(sums[s], pairs, pairs);
  }
  for (__m512& sum : sums) __asm__ volatile("" : : "v"(sum));
  return kSteps * kSums * 32 * 2;
}

}  // namespace

RateKernel probe_kernel_avx512_bf16() { return {"vdpbf16ps zmm", multiply_add}; }

}  // namespace ferrum::cpu
