#pragma once
// Vectors of 16 floats to and from memory of any floating-point dtype, and the 16 x 16 transpose.
// Included only by sources compiled for AVX-512; everything here has internal linkage.

#include <immintrin.h>

#include <cstdint>

#include "ferrum/types/dtype.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kVector = 16;

inline int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

constexpr int64_t element_size(DataType dtype) { return dtype == DataType::kF32 ? 4 : 2; }

// 32 bits from any address.
inline int load32(const void* p) {
  int value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

// The lowest n lanes, n clamped to [0, 16] or [0, 32].
inline __mmask16 lanes16(int64_t n) {
  return n >= 16 ? 0xffff : n <= 0 ? 0 : static_cast<__mmask16>((1u << n) - 1);
}
inline __mmask32 lanes32(int64_t n) {
  return n >= 32 ? 0xffffffffu : n <= 0 ? 0u : (1u << n) - 1;
}

inline __m512 bf16_to_f32(__m256i x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}
inline __m512 f16_to_f32(__m256i x) { return _mm512_cvtph_ps(x); }

// Nearest, ties to even; NaN stays NaN: as to_bfloat16.
inline __m256i f32_to_bf16(__m512 x) {
  const __m512i u = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  __m512i r = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  r = _mm512_mask_or_epi32(r, nan, u, _mm512_set1_epi32(0x400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(r, 16));
}
inline __m256i f32_to_f16(__m512 x) {
  return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
}

template <DataType kDtype>
inline __m512 load(const void* base, int64_t index) {
  const char* const p = static_cast<const char*>(base) + index * (kDtype == DataType::kF32 ? 4 : 2);
  if constexpr (kDtype == DataType::kF32) return _mm512_loadu_ps(p);
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return kDtype == DataType::kBF16 ? bf16_to_f32(half) : f16_to_f32(half);
}

template <DataType kDtype>
inline __m512 load_masked(const void* base, int64_t index, __mmask16 mask) {
  const char* const p = static_cast<const char*>(base) + index * (kDtype == DataType::kF32 ? 4 : 2);
  if constexpr (kDtype == DataType::kF32) return _mm512_maskz_loadu_ps(mask, p);
  const __m256i half = _mm256_maskz_loadu_epi16(mask, p);
  return kDtype == DataType::kBF16 ? bf16_to_f32(half) : f16_to_f32(half);
}

// The first n elements; zeros behind them.
template <DataType kDtype>
inline __m512 load_first(const void* base, int64_t index, int64_t n) {
  return load_masked<kDtype>(base, index, lanes16(n));
}

inline __m512 load_masked(const void* base, DataType dtype, int64_t index, __mmask16 mask) {
  if (dtype == DataType::kF32) return load_masked<DataType::kF32>(base, index, mask);
  if (dtype == DataType::kBF16) return load_masked<DataType::kBF16>(base, index, mask);
  return load_masked<DataType::kF16>(base, index, mask);
}

inline void store_masked(void* base, DataType dtype, int64_t index, __mmask16 mask, __m512 x) {
  char* const p = static_cast<char*>(base) + index * element_size(dtype);
  if (dtype == DataType::kF32) return _mm512_mask_storeu_ps(p, mask, x);
  _mm256_mask_storeu_epi16(p, mask, dtype == DataType::kBF16 ? f32_to_bf16(x) : f32_to_f16(x));
}

inline float sum(__m512 x) {
  const __m512 a = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0x4e));
  const __m512 b = _mm512_add_ps(a, _mm512_shuffle_f32x4(a, a, 0xb1));
  const __m128 c = _mm512_castps512_ps128(b);
  const __m128 d = _mm_add_ps(c, _mm_movehl_ps(c, c));
  return _mm_cvtss_f32(_mm_add_ss(d, _mm_shuffle_ps(d, d, 1)));
}

// f32 arithmetic for register_block.h and attention_softmax.h.
struct F32x16 {
  using Sum = __m512;
  using Operand = __m512;
  using Positions = __m512i;
  static constexpr int64_t kLanes = 16;
  static constexpr int kRows = 6;
  static constexpr int kColumns = 4;
  static Sum zero() { return _mm512_setzero_ps(); }
  static Sum load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Sum x) { _mm512_storeu_ps(p, x); }
  static Operand broadcast(const void* p) {
    return _mm512_castsi512_ps(_mm512_set1_epi32(load32(p)));
  }
  static Sum multiply_add(Operand a, Operand b, Sum c) { return _mm512_fmadd_ps(a, b, c); }
  static Sum set(float x) { return _mm512_set1_ps(x); }
  static Sum add(Sum a, Sum b) { return _mm512_add_ps(a, b); }
  static Sum subtract(Sum a, Sum b) { return _mm512_sub_ps(a, b); }
  static Sum multiply(Sum a, Sum b) { return _mm512_mul_ps(a, b); }
  static Sum larger(Sum a, Sum b) { return _mm512_max_ps(a, b); }  // b if either is NaN
  static Sum round(Sum x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT); }
  // y * 2^n, or 0 where x < least.
  static Sum scale_above(Sum y, Sum n, Sum x, Sum least) {
    return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, least, _CMP_NLT_UQ), y, n);
  }
  static Positions positions(const int32_t* p) { return _mm512_loadu_si512(p); }
  // x where first <= position <= last, else -infinity.
  static Sum keep(Sum x, Positions first, Positions last, int32_t position) {
    const __m512i at = _mm512_set1_epi32(position);
    const __mmask16 inside = _mm512_cmple_epi32_mask(first, at) & _mm512_cmpge_epi32_mask(last, at);
    return _mm512_mask_blend_ps(inside, set(-__builtin_inff()), x);
  }
};

// rows[i][j] <-> rows[j][i], elements of 32 bits.
inline void transpose16(__m512i rows[16]) {
  __m512i a[16];
  for (int i = 0; i < 16; i += 4) {
    const __m512i p = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    const __m512i q = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    const __m512i r = _mm512_unpacklo_epi32(rows[i + 2], rows[i + 3]);
    const __m512i s = _mm512_unpackhi_epi32(rows[i + 2], rows[i + 3]);
    a[i] = _mm512_unpacklo_epi64(p, r);
    a[i + 1] = _mm512_unpackhi_epi64(p, r);
    a[i + 2] = _mm512_unpacklo_epi64(q, s);
    a[i + 3] = _mm512_unpackhi_epi64(q, s);
  }
  for (int i = 0; i < 4; ++i) {  // a[4g + i]: column i of each 128-bit part, rows 4g .. 4g + 3
    const __m512i p = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
    const __m512i q = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xdd);
    const __m512i r = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0x88);
    const __m512i s = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0xdd);
    rows[i] = _mm512_shuffle_i32x4(p, r, 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(p, r, 0xdd);
    rows[i + 4] = _mm512_shuffle_i32x4(q, s, 0x88);
    rows[i + 12] = _mm512_shuffle_i32x4(q, s, 0xdd);
  }
}

}  // namespace
}  // namespace ferrum::cpu
