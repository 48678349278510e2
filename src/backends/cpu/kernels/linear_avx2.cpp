// LinearOps with AVX2, FMA and F16C, in f32.

#include "backends/cpu/kernels/avx2_vectors.h"
#include "backends/cpu/kernels/linear_f32.h"

namespace ferrum::cpu {
namespace {

void pack(const PackArgs& a) {
  const int64_t in = round_up(a.in, kPackedStep);
  const int64_t tokens = round_up(a.tokens, a.lanes);
  for (int64_t t = a.begin; t < a.end; t += a.lanes) {
    for (int64_t i = 0; i < in; i += kVector) {
      const int64_t first = i / a.depth * a.depth;  // of the block
      const int64_t group = first * tokens + t * smaller(a.depth, in - first);
      float* const packed = static_cast<float*>(a.packed) + group + (i - first) * a.lanes;
      __m256 rows[8];
      for (int64_t r = 0; r < a.lanes; ++r) {
        rows[r] = t + r < a.tokens
                      ? load_first(a.x, a.x_dtype, (t + r) * a.stride + i, a.in - i)
                      : _mm256_setzero_ps();
      }
      if (a.lanes > 1) transpose8(rows);
      for (int64_t r = 0; r < a.lanes; ++r) _mm256_store_ps(packed + r * kVector, rows[r]);
    }
  }
}

void store_vector(const StoreArgs& a, int64_t token, int64_t row, __m256 value) {
  const int64_t n = a.rows - row;
  if (a.factor) value = _mm256_mul_ps(value, _mm256_set1_ps(a.factor[token]));
  if (a.bias) value = _mm256_add_ps(value, load_first<DataType::kF32>(a.bias, row, n));
  store_first(a.out, a.out_dtype, token * a.out_stride + row, n, value);
}

// Rows inside tokens: the rows of a token are neighbours, the tokens are pages apart.
void store(const StoreArgs& a) {
  for (int64_t t = 0; t < a.tokens; t += a.lanes) {
    for (int64_t row = 0; row < a.rows; row += kVector) {
      if (a.lanes == 1) {
        const int64_t index = t * a.sums_stride + row;
        store_vector(a, t, row, load_first<DataType::kF32>(a.sums, index, a.rows - row));
        continue;
      }
      __m256 block[8];
      for (int64_t r = 0; r < kVector; ++r) {
        block[r] = _mm256_loadu_ps(a.sums + t / kVector * a.sums_stride +
                                   smaller(row + r, a.rows - 1) * kVector);
      }
      transpose8(block);
      const int64_t tokens = smaller(kVector, a.tokens - t);
      for (int64_t i = 0; i < tokens; ++i) store_vector(a, t + i, row, block[i]);
    }
  }
}

struct Avx2 : F32x8 {
  static constexpr int64_t kMaxRows = 48;
  static constexpr int64_t kFewTokens = 4;
  static constexpr int kTokensAtOnce = 2;
};

}  // namespace

LinearKernels linear_kernels_avx2(DataType weight) { return linear_f32<Avx2, store>(weight, pack); }

}  // namespace ferrum::cpu
