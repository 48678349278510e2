#pragma once
// The softmax between the two products of attention_kernels.h, for one vector of query rows. `A` is
// the f32 arithmetic of an instruction set (F32x8, F32x16). Included only by sources compiled for
// one; everything here has internal linkage.

#include "backends/cpu/kernels/attention_kernels.h"
#include "backends/cpu/kernels/power_of_two.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t padded_dims(int64_t head_dim) {
  return (head_dim + kDimGroup - 1) / kDimGroup * kDimGroup;
}

// Masks the scores [positions][lanes] of the rows from `row`, and takes the running maximum and the
// sums so far along. Returns the new maximum, of scaled scores.
template <class A>
inline typename A::Sum raise_largest(const AttentionStep& a, int64_t row, float* scores) {
  const auto first = A::positions(a.first + row);
  const auto last = A::positions(a.last + row);
  const auto before = A::load(a.largest + row);
  auto raw = A::set(-__builtin_inff());
  for (int64_t p = 0; p < a.positions; ++p) {
    float* const at = scores + p * A::kLanes;
    auto score = A::load(at);
    if (a.masked) {
      score = A::keep(score, first, last, static_cast<int32_t>(a.position + p));
      A::store(at, score);
    }
    raw = A::larger(score, raw);
  }
  const auto largest = A::larger(A::multiply(raw, A::set(a.scale)), before);
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

// 2^(scaled score - largest); `below` is -largest.
template <class A, Accuracy kAccuracy>
inline typename A::Sum weight_of(const AttentionStep& a, typename A::Sum score,
                                 typename A::Sum below) {
  return power_of_two<A, kAccuracy>(A::multiply_add(score, A::set(a.scale), below));
}

}  // namespace
}  // namespace ferrum::cpu
