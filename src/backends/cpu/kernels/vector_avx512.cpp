// VectorKernels for AVX-512: vectors of 16.

#include <immintrin.h>

#include <cstddef>

#include "backends/cpu/kernels/vector_kernels.h"

namespace ferrum {
namespace {

struct V {
  static constexpr int64_t kLanes = 16;
  __m512 v;

  V() = default;
  V(__m512 value) : v(value) {}
  explicit V(float value) : v(_mm512_set1_ps(value)) {}

  static V load(const float* p) { return _mm512_loadu_ps(p); }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  static V load_f16(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  void store_f16(uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static V load_bf16(const uint16_t* p) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  void store_bf16(uint16_t* p) const {
    const __m512i u = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i r = _mm512_mask_or_epi32(rounded, nan, u, _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(r, 16)));
  }

  friend V operator+(V a, V b) { return _mm512_add_ps(a.v, b.v); }
  friend V operator-(V a, V b) { return _mm512_sub_ps(a.v, b.v); }
  friend V operator*(V a, V b) { return _mm512_mul_ps(a.v, b.v); }
  friend V operator/(V a, V b) { return _mm512_div_ps(a.v, b.v); }
  static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
  // The second if either is NaN.
  static V larger(V a, V b) { return _mm512_max_ps(a.v, b.v); }
  static V smaller(V a, V b) { return _mm512_min_ps(a.v, b.v); }
  static V absolute(V a) { return _mm512_abs_ps(a.v); }
  static V with_sign(V a, V sign) {
    return _mm512_or_ps(a.v, _mm512_and_ps(sign.v, _mm512_set1_ps(-0.0f)));
  }
  // Where a < b the first, else (NaN too) the second.
  static V select_less(V a, V b, V first, V second) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), second.v, first.v);
  }
  static V round(V a) {
    return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static V scale_by_power(V a, V n) { return _mm512_scalef_ps(a.v, n.v); }
};

}  // namespace
}  // namespace ferrum

#define FERRUM_VECTOR_TABLE kVectorAvx512
#include "backends/cpu/kernels/vector_kernels.inc"
