#pragma once
// Vectors of 8 floats to and from memory of any floating-point dtype. Included only by sources
// compiled for AVX2, FMA and F16C; everything here has internal linkage.

#include <immintrin.h>

#include <cstdint>

#include "ferrum/types/dtype.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kVector = 8;

inline int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

constexpr int64_t element_size(DataType dtype) { return dtype == DataType::kF32 ? 4 : 2; }

template <DataType kDtype>
inline __m256 load(const void* base, int64_t index) {
  const char* const p = static_cast<const char*>(base) + index * element_size(kDtype);
  if constexpr (kDtype == DataType::kF32) return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  if constexpr (kDtype == DataType::kF16) return _mm256_cvtph_ps(half);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

// The first n elements, n clamped to [0, 8]; zeros behind them.
template <DataType kDtype>
inline __m256 load_first(const void* base, int64_t index, int64_t n) {
  if (n >= kVector) return load<kDtype>(base, index);
  alignas(32) char copy[32] = {};
  if (n > 0) {
    const char* const p = static_cast<const char*>(base) + index * element_size(kDtype);
    __builtin_memcpy(copy, p, static_cast<size_t>(n * element_size(kDtype)));
  }
  return load<kDtype>(copy, 0);
}

inline __m256 load_first(const void* base, DataType dtype, int64_t index, int64_t n) {
  if (dtype == DataType::kF32) return load_first<DataType::kF32>(base, index, n);
  if (dtype == DataType::kBF16) return load_first<DataType::kBF16>(base, index, n);
  return load_first<DataType::kF16>(base, index, n);
}

// Nearest, ties to even; NaN stays NaN: as to_bfloat16.
inline __m128i f32_to_bf16(__m256 x) {
  const __m256i u = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
  const __m256i up = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(u, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m256i r = _mm256_srli_epi32(_mm256_blendv_epi8(up, quiet, nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(r), _mm256_extracti128_si256(r, 1));
}

inline void store_first(void* base, DataType dtype, int64_t index, int64_t n, __m256 x) {
  char* const p = static_cast<char*>(base) + index * element_size(dtype);
  alignas(32) char copy[32];
  if (dtype == DataType::kF32) {
    _mm256_store_ps(reinterpret_cast<float*>(copy), x);
  } else {
    const __m128i half = dtype == DataType::kBF16 ? f32_to_bf16(x) : _mm256_cvtps_ph(x, 0);
    _mm_store_si128(reinterpret_cast<__m128i*>(copy), half);
  }
  if (n >= kVector) n = kVector;
  __builtin_memcpy(p, copy, static_cast<size_t>(n * element_size(dtype)));
}

inline float sum(__m256 x) {
  const __m128 a = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 b = _mm_add_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}

// f32 arithmetic for register_block.h and attention_softmax.h.
struct F32x8 {
  using Sum = __m256;
  using Operand = __m256;
  using Positions = __m256i;
  static constexpr int64_t kLanes = 8;
  static constexpr int kRows = 6;
  static constexpr int kColumns = 2;
  static Sum zero() { return _mm256_setzero_ps(); }
  static Sum load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Sum x) { _mm256_storeu_ps(p, x); }
  static Operand broadcast(const void* p) {
    float value;
    __builtin_memcpy(&value, p, sizeof value);
    return _mm256_set1_ps(value);
  }
  static Sum multiply_add(Operand a, Operand b, Sum c) { return _mm256_fmadd_ps(a, b, c); }
  static Sum set(float x) { return _mm256_set1_ps(x); }
  static Sum add(Sum a, Sum b) { return _mm256_add_ps(a, b); }
  static Sum subtract(Sum a, Sum b) { return _mm256_sub_ps(a, b); }
  static Sum multiply(Sum a, Sum b) { return _mm256_mul_ps(a, b); }
  static Sum larger(Sum a, Sum b) { return _mm256_max_ps(a, b); }  // b if either is NaN
  static Sum round(Sum x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // y * 2^n, or 0 where x < least; -126 <= least, n <= 127.
  static Sum scale_above(Sum y, Sum n, Sum x, Sum least) {
    const __m256i exponent = _mm256_cvtps_epi32(larger(n, least));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23);
    const Sum scaled = multiply(y, _mm256_castsi256_ps(power));
    return _mm256_and_ps(scaled, _mm256_cmp_ps(x, least, _CMP_NLT_UQ));
  }
  static Positions positions(const int32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  // x where first <= position <= last, else -infinity.
  static Sum keep(Sum x, Positions first, Positions last, int32_t position) {
    const __m256i at = _mm256_set1_epi32(position);
    const __m256i outside =
        _mm256_or_si256(_mm256_cmpgt_epi32(first, at), _mm256_cmpgt_epi32(at, last));
    return _mm256_blendv_ps(x, set(-__builtin_inff()), _mm256_castsi256_ps(outside));
  }
};

inline void transpose8(__m256 rows[8]) {
  __m256 a[8];
  for (int i = 0; i < 8; i += 4) {
    const __m256 p = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    const __m256 q = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    const __m256 r = _mm256_unpacklo_ps(rows[i + 2], rows[i + 3]);
    const __m256 s = _mm256_unpackhi_ps(rows[i + 2], rows[i + 3]);
    a[i] = _mm256_shuffle_ps(p, r, 0x44);
    a[i + 1] = _mm256_shuffle_ps(p, r, 0xee);
    a[i + 2] = _mm256_shuffle_ps(q, s, 0x44);
    a[i + 3] = _mm256_shuffle_ps(q, s, 0xee);
  }
  for (int i = 0; i < 4; ++i) {  // a[4g + i]: columns i and i + 4 of rows 4g .. 4g + 3
    rows[i] = _mm256_permute2f128_ps(a[i], a[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(a[i], a[i + 4], 0x31);
  }
}

}  // namespace
}  // namespace ferrum::cpu
