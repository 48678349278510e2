#pragma once
// The attention step in f32, for caches of any dtype: 16-bit keys and values are widened first.
// `A` is the f32 arithmetic of an instruction set; `Widen` has
// widen<dtype>(from, count, float* to). Internal linkage, as all headers of kernels.

#include "backends/cpu/kernels/attention_softmax.h"
#include "backends/cpu/kernels/register_block.h"

namespace ferrum::cpu {
namespace {

struct RowPointers { const float* row[8]; };

// The rows r0, r0 + 1, ... of a register block; behind the last one it repeats.
inline RowPointers row_pointers(const void* const* rows, int64_t r0, int64_t count) {
  RowPointers pointers;
  for (int64_t j = 0; j < 8; ++j) {
    const int64_t r = r0 + j < count ? r0 + j : count - 1;
    pointers.row[j] = static_cast<const float*>(rows[r]);
  }
  return pointers;
}

template <class A>
inline void step_f32(const AttentionStep& a, const void* const* keys, const void* const* values,
                     float* scores) {
  const float* const queries = static_cast<const float*>(a.queries);
  const int64_t dims = padded_dims(a.head_dim);
  const int64_t vectors = a.rows / A::kLanes;
  blocks<A>(
      a.positions, vectors, a.head_dim,
      [&](int64_t r0) {
        return [rows = row_pointers(keys, r0, a.positions)](int r, int64_t i) {
          return A::broadcast(rows.row[r] + i);
        };
      },
      [&](int64_t n0) {
        return [=, from = queries + n0 * dims * A::kLanes](int n, int64_t i) {
          return A::load(from + (n * dims + i) * A::kLanes);
        };
      },
      scores, kAttentionTile * A::kLanes, false);
  for (int64_t row = 0; row < a.rows; row += A::kLanes) {
    float* const own = scores + row * kAttentionTile;
    const auto below = A::subtract(A::zero(), raise_largest<A>(a, row, own));
    auto total = A::load(a.total + row);
    for (int64_t p = 0; p < a.positions; ++p) {
      float* const at = own + p * A::kLanes;
      const auto weight = weight_of<A, Accuracy::kF32>(a, A::load(at), below);
      total = A::add(total, weight);
      A::store(at, weight);
    }
    A::store(a.total + row, total);
  }
  blocks<A>(
      a.head_dim, vectors, a.positions,
      [&](int64_t d0) {
        return [=](int r, int64_t p) {
          return A::broadcast(static_cast<const float*>(values[p]) + d0 + r);
        };
      },
      [&](int64_t n0) {
        return [=](int n, int64_t p) {
          return A::load(scores + ((n0 + n) * kAttentionTile + p) * A::kLanes);
        };
      },
      a.acc, dims * A::kLanes, true);
}

constexpr int64_t kF32Rows = 64;

inline int64_t f32_scratch_bytes(int64_t head_dim, bool widened) {
  const int64_t scores = kAttentionTile * kF32Rows * 4;
  const int64_t copies = widened ? 2 * kAttentionTile * ((head_dim + 15) / 16 * 16) * 4 : 0;
  return scores + copies;
}

// Points `rows` at copies of `from` in f32.
template <class Widen, DataType kCache>
inline void widen_rows(const AttentionStep& a, const void* const* from, float* to,
                       const void** rows) {
  const int64_t stride = (a.head_dim + 15) / 16 * 16;
  for (int64_t p = 0; p < a.positions; ++p) {
    Widen::template widen<kCache>(from[p], a.head_dim, to + p * stride);
    rows[p] = to + p * stride;
  }
}

template <class A, class Widen, DataType kCache>
void step(const AttentionStep& a) {
  float* const scores = static_cast<float*>(a.scratch);
  if constexpr (kCache == DataType::kF32) {
    step_f32<A>(a, a.keys, a.values, scores);
  } else {
    const void* keys[kAttentionTile];
    const void* values[kAttentionTile];
    float* const copies = scores + kAttentionTile * kF32Rows;
    widen_rows<Widen, kCache>(a, a.keys, copies, keys);
    widen_rows<Widen, kCache>(a, a.values, copies + kAttentionTile * ((a.head_dim + 15) / 16 * 16),
                              values);
    step_f32<A>(a, keys, values, scores);
  }
}

template <class A, class Widen>
AttentionKernel f32_kernel(DataType cache, int64_t head_dim) {
  return {.step = cache == DataType::kF32   ? step<A, Widen, DataType::kF32>
                  : cache == DataType::kF16 ? step<A, Widen, DataType::kF16>
                                            : step<A, Widen, DataType::kBF16>,
          .query_dtype = DataType::kF32,
          .lanes = A::kLanes,
          .max_rows = kF32Rows,
          .scratch_bytes = f32_scratch_bytes(head_dim, cache != DataType::kF32)};
}

}  // namespace
}  // namespace ferrum::cpu
