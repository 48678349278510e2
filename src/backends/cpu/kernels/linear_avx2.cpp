// LinearOps with AVX2, FMA and F16C: sums in f32, weights widened to f32 in registers (few tokens)
// or in the cache, a block of rows at a time (many).

#include "backends/cpu/kernels/avx2_vectors.h"
#include "backends/cpu/kernels/linear_sums.h"
#include "backends/cpu/kernels/register_block.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPanel = F32x8::kColumns * kVector;  // tokens of a register block
constexpr int64_t kDepth = 1024;  // of a cache block: 16 tokens x 1024 x f32 is 64 KiB
constexpr int64_t kMaxRows = 48;  // rows widened at a time
constexpr int64_t kFewTokens = 4;
constexpr int64_t kStreams = 4;   // of rows read at once when tokens are few
constexpr int64_t kPrefetchBytes = 1024;

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

// sums of S rows, `apart` rows from each other, for T tokens of row-packed x.
template <DataType kWeight, int S, int T>
void dot(const MultiplyArgs& a, int64_t row, int64_t apart, int64_t token) {
  const int64_t x_stride = round_up(a.in, kPackedStep);
  const float* const x = static_cast<const float*>(a.x) + token * x_stride;
  __m256 acc[S][T];
  for (auto& stream : acc) for (__m256& v : stream) v = _mm256_setzero_ps();
  const auto step = [&](int64_t i, auto load_weight) {
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) {
      const int64_t index = (row + s * apart) * a.in + i;
      _mm_prefetch(static_cast<const char*>(a.weight) + index * element_size(kWeight) +
                       kPrefetchBytes, _MM_HINT_T0);
      const __m256 v = load_weight(index);
#pragma GCC unroll 2
      for (int t = 0; t < T; ++t) {
        acc[s][t] = _mm256_fmadd_ps(v, _mm256_load_ps(x + t * x_stride + i), acc[s][t]);
      }
    }
  };
  int64_t i = 0;
  for (; i + kVector <= a.in; i += kVector) {
    step(i, [&](int64_t index) { return load<kWeight>(a.weight, index); });
  }
  if (i < a.in) {
    step(i, [&](int64_t index) { return load_first<kWeight>(a.weight, index, a.in - i); });
  }
  for (int s = 0; s < S; ++s) {
    for (int t = 0; t < T; ++t) {
      a.sums[(token + t) * a.sums_stride + row + s * apart] = sum(acc[s][t]);
    }
  }
}

template <DataType kWeight, int T>
void few_of(const MultiplyArgs& a, int64_t token) {
  const int64_t apart = a.rows / kStreams;
  for (int64_t r = 0; r < apart; ++r) dot<kWeight, kStreams, T>(a, r, apart, token);
  for (int64_t r = apart * kStreams; r < a.rows; ++r) dot<kWeight, 1, T>(a, r, 0, token);
}

template <DataType kWeight>
void few(const MultiplyArgs& a) {
  int64_t token = 0;
  for (; token + 2 <= a.tokens; token += 2) few_of<kWeight, 2>(a, token);
  if (token < a.tokens) few_of<kWeight, 1>(a, token);
}

template <DataType kWeight>
void widen(const MultiplyArgs& a, int64_t i0, int64_t depth, float* to) {
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t i = 0; i < depth; i += kVector) {
      const __m256 v = load_first<kWeight>(a.weight, r * a.in + i0 + i, depth - i);
      _mm256_store_ps(to + r * kDepth + i, v);
    }
  }
}

template <DataType kWeight>
void many(const MultiplyArgs& a) {
  const int64_t tokens = round_up(a.tokens, kVector);
  for (int64_t i0 = 0; i0 < a.in; i0 += kDepth) {
    const int64_t depth = smaller(kDepth, a.in - i0);
    const int64_t packed = smaller(kDepth, round_up(a.in, kPackedStep) - i0);
    const float* w = static_cast<const float*>(a.weight) + i0;
    int64_t w_stride = a.in;
    if constexpr (kWeight != DataType::kF32) {
      widen<kWeight>(a, i0, depth, static_cast<float*>(a.scratch));
      w = static_cast<const float*>(a.scratch);
      w_stride = kDepth;
    }
    for (int64_t t = 0; t < a.tokens; t += kPanel) {
      const float* const x = static_cast<const float*>(a.x) + i0 * tokens + t * packed;
      const int64_t groups = smaller(F32x8::kColumns, (a.tokens - t + kVector - 1) / kVector);
      blocks<F32x8>(
          a.rows, groups, depth,
          [=](int64_t r0) {
            return [=, from = w + r0 * w_stride](int r, int64_t i) {
              return F32x8::broadcast(from + r * w_stride + i);
            };
          },
          [=](int64_t n0) {
            return [=, from = x + n0 * packed * kVector](int n, int64_t i) {
              return _mm256_load_ps(from + (n * packed + i) * kVector);
            };
          },
          a.sums + t / kVector * a.sums_stride, a.sums_stride, i0 > 0);
    }
  }
}

template <DataType kWeight>
constexpr LinearKernels kernels() {
  return {.pack = pack,
          .store = store,
          .few = {.run = multiply_and_store<few<kWeight>, store, 1>,
                  .x_dtype = DataType::kF32,
                  .lanes = 1,
                  .depth = 0,
                  .row_group = kStreams,
                  .max_rows = 256,
                  .max_tokens = 0,
                  .scratch_bytes = 0},
          .few_tokens = kFewTokens,
          .many = {.run = multiply_and_store<many<kWeight>, store, kVector>,
                   .x_dtype = DataType::kF32,
                   .lanes = kVector,
                   .depth = kDepth,
                   .row_group = F32x8::kRows,
                   .max_rows = kMaxRows,
                   .max_tokens = 0,
                   .scratch_bytes = kWeight == DataType::kF32 ? 0 : kMaxRows * kDepth * 4}};
}

}  // namespace

LinearKernels linear_kernels_avx2(DataType weight) {
  if (weight == DataType::kF32) return kernels<DataType::kF32>();
  if (weight == DataType::kF16) return kernels<DataType::kF16>();
  return kernels<DataType::kBF16>();
}

}  // namespace ferrum::cpu
