// LinearOps with AVX-512 F/BW/VL/DQ: sums in f32, weights widened to f32 in registers (few tokens)
// or in the cache, a block of rows at a time (many).

#include "backends/cpu/kernels/linear_avx512_shared.h"

namespace ferrum::cpu {
namespace {

constexpr int kRows = 6;                // of a register block of kRows x 4 vectors
constexpr int64_t kPanel = 4 * kVector; // its tokens
constexpr int64_t kDepth = 1024;        // of a cache block: 64 tokens x 1024 x f32 is 256 KiB
constexpr int64_t kMaxRows = 96;        // rows widened at a time
constexpr int64_t kFewTokens = 8;

// sums of S rows, `apart` elements from each other, for T tokens of row-packed x.
template <DataType kWeight, int S, int T>
void dot(const MultiplyArgs& a, int64_t row, int64_t rows_apart, int64_t token) {
  const int64_t x_stride = round_up(a.in, kPackedStep);
  const float* const x = static_cast<const float*>(a.x) + token * x_stride;
  const char* const w = static_cast<const char*>(a.weight);
  constexpr int64_t kSize = kWeight == DataType::kF32 ? 4 : 2;
  __m512 acc[S][T];
  for (auto& stream : acc) for (__m512& v : stream) v = _mm512_setzero_ps();
  for (int64_t i = 0; i < a.in; i += kVector) {
    const __mmask16 mask = lanes16(a.in - i);
    for (int s = 0; s < S; ++s) {
      const int64_t index = (row + s * rows_apart) * a.in + i;
      _mm_prefetch(w + index * kSize + kPrefetchBytes, _MM_HINT_T0);
      const __m512 v = load_masked<kWeight>(w, index, mask);
      for (int t = 0; t < T; ++t) {
        acc[s][t] = _mm512_fmadd_ps(v, _mm512_load_ps(x + t * x_stride + i), acc[s][t]);
      }
    }
  }
  for (int s = 0; s < S; ++s) {
    for (int t = 0; t < T; ++t) {
      a.sums[(token + t) * a.sums_stride + row + s * rows_apart] = sum(acc[s][t]);
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
  for (; token + 4 <= a.tokens; token += 4) few_of<kWeight, 4>(a, token);
  switch (a.tokens - token) {
    case 3: return few_of<kWeight, 3>(a, token);
    case 2: return few_of<kWeight, 2>(a, token);
    case 1: return few_of<kWeight, 1>(a, token);
  }
}

struct Block {
  const float* w;    // R rows, w_stride apart
  int64_t w_stride;
  const float* x;    // N groups of 16 tokens, x_stride apart
  int64_t x_stride;
  int64_t depth;
  float* sums;
  int64_t sums_stride;
  bool add;
};

template <int R, int N>
void block(const Block& b) {
  __m512 acc[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      acc[r][n] = b.add ? _mm512_loadu_ps(b.sums + r * b.sums_stride + n * kVector)
                        : _mm512_setzero_ps();
    }
  }
  for (int64_t i = 0; i < b.depth; ++i) {
    __m512 x[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) x[n] = _mm512_load_ps(b.x + n * b.x_stride + i * kVector);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const __m512 w = _mm512_castsi512_ps(_mm512_set1_epi32(load32(b.w + r * b.w_stride + i)));
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[r][n] = _mm512_fmadd_ps(w, x[n], acc[r][n]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      _mm512_storeu_ps(b.sums + r * b.sums_stride + n * kVector, acc[r][n]);
    }
  }
}

template <int N>
void block_of(const Block& b, int64_t rows) {
  switch (rows) {
    case 1: return block<1, N>(b);
    case 2: return block<2, N>(b);
    case 3: return block<3, N>(b);
    case 4: return block<4, N>(b);
    case 5: return block<5, N>(b);
    default: return block<kRows, N>(b);
  }
}

void block_of(const Block& b, int64_t rows, int64_t groups) {
  switch (groups) {
    case 1: return block_of<1>(b, rows);
    case 2: return block_of<2>(b, rows);
    case 3: return block_of<3>(b, rows);
    default: return block_of<4>(b, rows);
  }
}

template <DataType kWeight>
void widen(const MultiplyArgs& a, int64_t i0, int64_t depth, float* to) {
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t i = 0; i < depth; i += kVector) {
      const __m512 v =
          load_masked<kWeight>(a.weight, r * a.in + i0 + i, lanes16(depth - i));
      _mm512_store_ps(to + r * kDepth + i, v);
    }
  }
}

template <DataType kWeight>
void many(const MultiplyArgs& a) {
  const int64_t in = round_up(a.in, kPackedStep);
  for (int64_t i0 = 0; i0 < a.in; i0 += kDepth) {
    const int64_t depth = smaller(kDepth, a.in - i0);
    const float* w = static_cast<const float*>(a.weight) + i0;
    int64_t w_stride = a.in;
    if constexpr (kWeight != DataType::kF32) {
      widen<kWeight>(a, i0, depth, static_cast<float*>(a.scratch));
      w = static_cast<const float*>(a.scratch);
      w_stride = kDepth;
    }
    for (int64_t t = 0; t < a.tokens; t += kPanel) {
      const int64_t groups = smaller(4, (a.tokens - t + kVector - 1) / kVector);
      const float* const x = static_cast<const float*>(a.x) + t * in + i0 * kVector;
      for (int64_t r = 0; r < a.rows; r += kRows) {
        block_of({w + r * w_stride, w_stride, x, in * kVector, depth,
                  a.sums + r * a.sums_stride + t, a.sums_stride, i0 > 0},
                 a.rows - r, groups);
      }
    }
  }
}

template <DataType kWeight>
constexpr LinearKernels kernels() {
  return {.pack = pack,
          .store = store,
          .few = {.multiply = few<kWeight>,
                  .x_dtype = DataType::kF32,
                  .lanes = 1,
                  .row_group = kStreams,
                  .max_rows = 256,
                  .scratch_bytes = 0,
                  .token_major = true},
          .few_tokens = kFewTokens,
          .many = {.multiply = many<kWeight>,
                   .x_dtype = DataType::kF32,
                   .lanes = kVector,
                   .row_group = kRows,
                   .max_rows = kMaxRows,
                   .scratch_bytes = kWeight == DataType::kF32 ? 0 : kMaxRows * kDepth * 4,
                   .token_major = false}};
}

}  // namespace

LinearKernels linear_kernels_avx512(DataType weight) {
  if (weight == DataType::kF32) return kernels<DataType::kF32>();
  if (weight == DataType::kF16) return kernels<DataType::kF16>();
  return kernels<DataType::kBF16>();
}

}  // namespace ferrum::cpu
