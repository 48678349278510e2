#pragma once
// The softmax between the two products of attention_kernels.h, for one vector of query rows, and
// the exponential function it needs. `A` is the f32 arithmetic of an instruction set (F32x8,
// F32x16). Included only by sources compiled for one; everything here has internal linkage.

#include "backends/cpu/kernels/attention_kernels.h"

namespace ferrum::cpu {
namespace {

// exp(x) for x <= 0 to 1 unit in the last place of the result or so: x = n ln 2 + r with
// |r| <= ln 2 / 2, exp(r) by its Taylor polynomial of degree 7 (next term: 5e-9), times 2^n.
template <class A>
inline typename A::Sum exponential(typename A::Sum x) {
  // Below -104 the result rounds to 0. The order of the operands lets NaN through.
  x = A::larger(A::set(-104.0f), x);
  const auto n = A::round(A::multiply(x, A::set(0x1.715476p+0f)));
  auto r = A::multiply_add(n, A::set(-0x1.62e4p-1f), x);  // ln 2, upper bits: n times it is exact
  r = A::multiply_add(n, A::set(-0x1.7f7d1cp-20f), r);    // ln 2, lower bits
  auto y = A::set(1.0f / 5040);
  y = A::multiply_add(y, r, A::set(1.0f / 720));
  y = A::multiply_add(y, r, A::set(1.0f / 120));
  y = A::multiply_add(y, r, A::set(1.0f / 24));
  y = A::multiply_add(y, r, A::set(1.0f / 6));
  y = A::multiply_add(y, r, A::set(0.5f));
  y = A::multiply_add(y, r, A::set(1.0f));
  y = A::multiply_add(y, r, A::set(1.0f));
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
  const auto shrink = exponential<A>(A::subtract(before, largest));
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
