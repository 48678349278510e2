#pragma once
// LinearOps in f32 for weights of any dtype, which are widened in registers (few tokens) or in the
// cache, a block of rows at a time (many). `A` is the f32 arithmetic of an instruction set, with
// what suits it: kMaxRows widened at a time, kFewTokens that the first way is best for, and
// kTokensAtOnce of those. Included after the vectors of the set; everything here has internal
// linkage.

#include "backends/cpu/kernels/linear_sums.h"
#include "backends/cpu/kernels/register_block.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kF32Depth = 1024;  // of a cache block: 64 tokens x 1024 x f32 is 256 KiB

// sums of S rows, `apart` rows from each other, for T tokens of row-packed x.
template <class A, DataType kWeight, int S, int T>
void dot(const MultiplyArgs& a, int64_t row, int64_t apart, int64_t token) {
  const int64_t x_stride = round_up(a.in, kPackedStep);
  const float* const x = static_cast<const float*>(a.x) + token * x_stride;
  typename A::Sum acc[S][T];
  for (auto& stream : acc) for (auto& v : stream) v = A::zero();
  const auto step = [&](int64_t i, auto load_weight) {
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) {
      const int64_t index = (row + s * apart) * a.in + i;
      _mm_prefetch(static_cast<const char*>(a.weight) + index * element_size(kWeight) +
                       kPrefetchBytes, _MM_HINT_T0);
      const auto v = load_weight(index);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        acc[s][t] = A::multiply_add(v, A::load(x + t * x_stride + i), acc[s][t]);
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

// T tokens at a time from `token` on, then the rest with fewer.
template <class A, DataType kWeight, int T>
void few_from(const MultiplyArgs& a, int64_t token) {
  const int64_t apart = a.rows / kStreams;
  for (; token + T <= a.tokens; token += T) {
    for (int64_t r = 0; r < apart; ++r) dot<A, kWeight, kStreams, T>(a, r, apart, token);
    for (int64_t r = apart * kStreams; r < a.rows; ++r) dot<A, kWeight, 1, T>(a, r, 0, token);
  }
  if constexpr (T > 1) few_from<A, kWeight, T - 1>(a, token);
}

template <class A, DataType kWeight>
void few(const MultiplyArgs& a) {
  few_from<A, kWeight, A::kTokensAtOnce>(a, 0);
}

template <class A, DataType kWeight>
void widen(const MultiplyArgs& a, int64_t i0, int64_t depth, float* to) {
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t i = 0; i < depth; i += kVector) {
      A::store(to + r * kF32Depth + i,
               load_first<kWeight>(a.weight, r * a.in + i0 + i, depth - i));
    }
  }
}

template <class A, DataType kWeight>
void many(const MultiplyArgs& a) {
  constexpr int64_t kPanel = A::kColumns * kVector;  // tokens of a register block
  const int64_t tokens = round_up(a.tokens, kVector);
  for (int64_t i0 = 0; i0 < a.in; i0 += kF32Depth) {
    const int64_t depth = smaller(kF32Depth, a.in - i0);
    const int64_t packed = smaller(kF32Depth, round_up(a.in, kPackedStep) - i0);
    const float* w = static_cast<const float*>(a.weight) + i0;
    int64_t w_stride = a.in;
    if constexpr (kWeight != DataType::kF32) {
      widen<A, kWeight>(a, i0, depth, static_cast<float*>(a.scratch));
      w = static_cast<const float*>(a.scratch);
      w_stride = kF32Depth;
    }
    for (int64_t t = 0; t < a.tokens; t += kPanel) {
      const int64_t groups = smaller(A::kColumns, (a.tokens - t + kVector - 1) / kVector);
      const float* const x = static_cast<const float*>(a.x) + i0 * tokens + t * packed;
      blocks<A>(
          a.rows, groups, depth,
          [=](int64_t r0) {
            return [=, from = w + r0 * w_stride](int r, int64_t i) {
              return A::broadcast(from + r * w_stride + i);
            };
          },
          [=](int64_t n0) {
            return [=, from = x + n0 * packed * kVector](int n, int64_t i) {
              return A::load(from + (n * packed + i) * kVector);
            };
          },
          a.sums + t / kVector * a.sums_stride, a.sums_stride, i0 > 0);
    }
  }
}

template <class A, void (*kStore)(const StoreArgs&), DataType kWeight>
LinearKernels linear_f32_of(void (*pack)(const PackArgs&)) {
  return {.pack = pack,
          .store = kStore,
          .few = {.run = multiply_and_store<few<A, kWeight>, kStore, 1>,
                  .x_dtype = DataType::kF32,
                  .lanes = 1,
                  .depth = 0,
                  .row_group = kStreams,
                  .max_rows = 256},
          .few_tokens = A::kFewTokens,
          .many = {.run = multiply_and_store<many<A, kWeight>, kStore, kVector>,
                   .x_dtype = DataType::kF32,
                   .lanes = kVector,
                   .depth = kF32Depth,
                   .row_group = A::kRows,
                   .max_rows = A::kMaxRows,
                   .scratch_bytes =
                       kWeight == DataType::kF32 ? 0 : A::kMaxRows * kF32Depth * 4}};
}

// `pack` and kStore are those of the instruction set.
template <class A, void (*kStore)(const StoreArgs&)>
LinearKernels linear_f32(DataType weight, void (*pack)(const PackArgs&)) {
  if (weight == DataType::kF32) return linear_f32_of<A, kStore, DataType::kF32>(pack);
  if (weight == DataType::kF16) return linear_f32_of<A, kStore, DataType::kF16>(pack);
  return linear_f32_of<A, kStore, DataType::kBF16>(pack);
}

}  // namespace
}  // namespace ferrum::cpu
