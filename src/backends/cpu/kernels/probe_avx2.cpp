#include <immintrin.h>

#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPrefetchBytes = 2048;

uint64_t read(const void* from, int64_t bytes) {
  const char* const p = static_cast<const char*>(from);
  const int64_t apart = bytes / 4;
  __m256i sums[4] = {};
  for (int64_t i = 0; i < apart; i += 64) {
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      const char* const line = p + s * apart + i;
      _mm_prefetch(line + kPrefetchBytes, _MM_HINT_T0);
      const __m256i* const halves = reinterpret_cast<const __m256i*>(line);
      sums[s] = _mm256_xor_si256(sums[s], _mm256_loadu_si256(halves));
      sums[s] = _mm256_xor_si256(sums[s], _mm256_loadu_si256(halves + 1));
    }
  }
  const __m256i all = _mm256_xor_si256(_mm256_xor_si256(sums[0], sums[1]),
                                       _mm256_xor_si256(sums[2], sums[3]));
  return static_cast<uint64_t>(_mm256_extract_epi64(all, 0) ^ _mm256_extract_epi64(all, 1) ^
                               _mm256_extract_epi64(all, 2) ^ _mm256_extract_epi64(all, 3));
}

int64_t multiply_add() {
  constexpr int64_t kSteps = 4000;
  constexpr int kSums = 12;
  __m256 sums[kSums];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  __m256 factor = _mm256_set1_ps(1.0f);
  for (int64_t i = 0; i < kSteps; ++i) {
    __asm__ volatile("" : "+x"(factor));
#pragma GCC unroll 12
    for (int s = 0; s < kSums; ++s) sums[s] = _mm256_fmadd_ps(factor, factor, sums[s]);
  }
  for (__m256& sum : sums) __asm__ volatile("" : : "x"(sum));
  return kSteps * kSums * 8 * 2;
}

}  // namespace

ProbeKernels probe_kernels_avx2() {
  return {.read = read, .f32 = {"vfmadd231ps ymm", multiply_add}, .bf16 = {}, .int8 = {}};
}

}  // namespace ferrum::cpu
