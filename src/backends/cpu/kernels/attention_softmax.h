#pragma once
// The softmax between the two products of attention_kernels.h, for one vector of query rows, and
// the power it needs. `A` is the f32 arithmetic of an instruction set (F32x8,
// F32x16). Included only by sources compiled for one; everything here has internal linkage.

#include "backends/cpu/kernels/attention_kernels.h"

namespace ferrum::cpu {
namespace {

// 2^x for x <= 0: x = n + r with |r| <= 1/2, 2^r by a minimax polynomial, times 2^n. Relative error
// 3e-6, far below the rounding of bf16 weights (kCoarse), or 2e-8.
enum class Accuracy { kCoarse, kF32 };

template <class A, Accuracy kAccuracy>
inline typename A::Sum power_of_two(typename A::Sum x) {
  x = A::larger(A::set(-150.0f), x);  // 2^-150 rounds to 0. The order lets NaN through
  const auto n = A::round(x);
  const auto r = A::subtract(x, n);
  auto y = r;
  if constexpr (kAccuracy == Accuracy::kCoarse) {
    y = A::multiply_add(A::set(0.00957010221f), r, A::set(0.0559178591f));
    y = A::multiply_add(y, r, A::set(0.240247443f));
    y = A::multiply_add(y, r, A::set(0.693121791f));
    y = A::multiply_add(y, r, A::set(0.999999285f));
  } else {
    y = A::multiply_add(A::set(0.000153458124f), r, A::set(0.00133999309f));
    y = A::multiply_add(y, r, A::set(0.00961848907f));
    y = A::multiply_add(y, r, A::set(0.0555032864f));
    y = A::multiply_add(y, r, A::set(0.240226462f));
    y = A::multiply_add(y, r, A::set(0.693147182f));
    y = A::multiply_add(y, r, A::set(1.0f));
  }
  return A::scale_by_power(y, n);
}

constexpr int64_t padded_dims(int64_t head_dim) {
  return (head_dim + kDimGroup - 1) / kDimGroup * kDimGroup;
}

// Scales and masks the scores [positions][lanes] of the rows from `row`, and takes the running
// maximum and the sums so far along. Returns the new maximum.
template <class A>
inline typename A::Sum raise_largest(const AttentionStep& a, int64_t row, float* scores) {
  const auto scale = A::set(a.scale);
  const auto first = A::positions(a.first + row);
  const auto last = A::positions(a.last + row);
  const auto before = A::load(a.largest + row);
  auto largest = before;
  for (int64_t p = 0; p < a.positions; ++p) {
    float* const at = scores + p * A::kLanes;
    auto score = A::multiply(A::load(at), scale);
    if (a.masked) score = A::keep(score, first, last, static_cast<int32_t>(a.position + p));
    A::store(at, score);
    largest = A::larger(score, largest);
  }
  A::store(a.largest + row, largest);
  const auto shrink = power_of_two<A, Accuracy::kF32>(A::subtract(before, largest));
  A::store(a.total + row, A::multiply(A::load(a.total + row), shrink));
  float* const acc = a.acc + row * padded_dims(a.head_dim);
  for (int64_t d = 0; d < a.head_dim; ++d) {
    float* const at = acc + d * A::kLanes;
    A::store(at, A::multiply(A::load(at), shrink));
  }
  return largest;
}

}  // namespace
}  // namespace ferrum::cpu
