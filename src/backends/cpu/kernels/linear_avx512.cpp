// LinearOps with AVX-512 F/BW/VL/DQ: sums in f32, weights widened to f32 in registers (few tokens)
// or in the cache, a block of rows at a time (many).

#include "backends/cpu/kernels/linear_avx512_shared.h"
#include "backends/cpu/kernels/register_block.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPanel = F32x16::kColumns * kVector;  // tokens of a register block
constexpr int64_t kDepth = 1024;  // of a cache block: 64 tokens x 1024 x f32 is 256 KiB
constexpr int64_t kMaxRows = 96;  // rows widened at a time
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
      const int64_t groups = smaller(F32x16::kColumns, (a.tokens - t + kVector - 1) / kVector);
      const float* const x = static_cast<const float*>(a.x) + i0 * tokens + t * packed;
      blocks<F32x16>(
          a.rows, groups, depth,
          [=](int64_t r0) {
            return [=, from = w + r0 * w_stride](int r, int64_t i) {
              return F32x16::broadcast(from + r * w_stride + i);
            };
          },
          [=](int64_t n0) {
            return [=, from = x + n0 * packed * kVector](int n, int64_t i) {
              return _mm512_load_ps(from + (n * packed + i) * kVector);
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
                   .row_group = F32x16::kRows,
                   .max_rows = kMaxRows,
                   .max_tokens = 0,
                   .scratch_bytes = kWeight == DataType::kF32 ? 0 : kMaxRows * kDepth * 4}};
}

}  // namespace

LinearKernels linear_kernels_avx512(DataType weight) {
  if (weight == DataType::kF32) return kernels<DataType::kF32>();
  if (weight == DataType::kF16) return kernels<DataType::kF16>();
  return kernels<DataType::kBF16>();
}

}  // namespace ferrum::cpu
