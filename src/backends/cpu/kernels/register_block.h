#pragma once
// The register block that every matrix product here is made of:
//
//   sums[r, n] (+)= sum over i < depth of weight(r, i) * x(n, i)      r < R, n < N
//
// where sums[r, n] and x(n, i) are vectors and weight(r, i) is one value in all lanes; R * N sums
// stay in registers. In memory sums are [n][r], n `stride` floats apart. `A` supplies the
// arithmetic of one instruction set: types Sum and Operand, zero(), load(), store(),
// multiply_add(). Included only by sources compiled for an instruction set; everything here has
// internal linkage.

#include <cstdint>

namespace ferrum::cpu {
namespace {

template <int kValue>
struct Constant { static constexpr int value = kValue; };

// Calls body(Constant<n>) for min(n, kMost), n >= 1, so that n can shape code.
template <int kMost, class Body>
inline void with_constant(int64_t n, Body body) {
  if constexpr (kMost > 1) {
    if (n < kMost) return with_constant<kMost - 1>(n, body);
  }
  body(Constant<kMost>());
}

template <class A, int R, int N, class Weight, class X>
inline void register_block(int64_t depth, Weight weight, X x, float* sums, int64_t stride,
                           bool add) {
  typename A::Sum acc[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      acc[r][n] = add ? A::load(sums + n * stride + r * A::kLanes) : A::zero();
    }
  }
  for (int64_t i = 0; i < depth; ++i) {
    typename A::Operand column[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) column[n] = x(n, i);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const typename A::Operand w = weight(r, i);
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[r][n] = A::multiply_add(w, column[n], acc[r][n]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) A::store(sums + n * stride + r * A::kLanes, acc[r][n]);
  }
}

// Any number of rows and of vectors: rows(r) and columns(n) give the accessors of the register
// block that begins there.
template <class A, class Rows, class Columns>
inline void blocks(int64_t row_count, int64_t vectors, int64_t depth, Rows rows, Columns columns,
                   float* sums, int64_t stride, bool add) {
  for (int64_t n = 0; n < vectors; n += A::kColumns) {
    for (int64_t r = 0; r < row_count; r += A::kRows) {
      with_constant<A::kRows>(row_count - r, [&](auto block_rows) {
        with_constant<A::kColumns>(vectors - n, [&](auto block_vectors) {
          register_block<A, block_rows.value, block_vectors.value>(
              depth, rows(r), columns(n), sums + n * stride + r * A::kLanes, stride, add);
        });
      });
    }
  }
}

}  // namespace
}  // namespace ferrum::cpu
