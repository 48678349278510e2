// VectorKernels for AVX2, FMA and F16C: vectors of 8.

#include <immintrin.h>

#include <cstddef>

#include "backends/cpu/kernels/vector_kernels.h"

namespace ferrum {
namespace {

struct V {
  static constexpr int64_t kLanes = 8;
  __m256 v;

  V() = default;
  V(__m256 value) : v(value) {}
  explicit V(float value) : v(_mm256_set1_ps(value)) {}

  static V load(const float* p) { return _mm256_loadu_ps(p); }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  static V load_f16(const uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  void store_f16(uint16_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static V load_bf16(const uint16_t* p) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  void store_bf16(uint16_t* p) const {
    const __m256i u = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(u, _mm256_set1_epi32(0x400000));
    const __m256 nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
    const __m256i r = _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(nan));
    const __m256i high = _mm256_srli_epi32(r, 16);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packus_epi32(_mm256_castsi256_si128(high),
                                      _mm256_extracti128_si256(high, 1)));
  }

  friend V operator+(V a, V b) { return _mm256_add_ps(a.v, b.v); }
  friend V operator-(V a, V b) { return _mm256_sub_ps(a.v, b.v); }
  friend V operator*(V a, V b) { return _mm256_mul_ps(a.v, b.v); }
  friend V operator/(V a, V b) { return _mm256_div_ps(a.v, b.v); }
  static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
  // The second if either is NaN.
  static V larger(V a, V b) { return _mm256_max_ps(a.v, b.v); }
  static V smaller(V a, V b) { return _mm256_min_ps(a.v, b.v); }
  static V absolute(V a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v); }
  static V with_sign(V a, V sign) {
    return _mm256_or_ps(a.v, _mm256_and_ps(sign.v, _mm256_set1_ps(-0.0f)));
  }
  // Where a < b the first, else (NaN too) the second.
  static V select_less(V a, V b, V first, V second) {
    return _mm256_blendv_ps(second.v, first.v, _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ));
  }
  static V round(V a) {
    return _mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // In two steps, since 2^n may be subnormal or beyond the largest number where a 2^n is not.
  static V scale_by_power(V a, V n) {
    const __m256i power = _mm256_cvtps_epi32(n.v);
    const __m256i half = _mm256_srai_epi32(power, 1);
    return a * power_of_two(half) * power_of_two(_mm256_sub_epi32(power, half));
  }
  static V power_of_two(__m256i n) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
  }
};

}  // namespace
}  // namespace ferrum

#define FERRUM_VECTOR_TABLE kVectorAvx2
#include "backends/cpu/kernels/vector_kernels.inc"
