#pragma once
// 2^x by vectors. `A` is the f32 arithmetic of an instruction set (F32x8, F32x16). Included only by
// sources compiled for one; everything here has internal linkage.

namespace ferrum::cpu {
namespace {

// x = n + r with |r| <= 1/2, 2^r by a minimax polynomial, times 2^n. NaN stays NaN. Below -125 it
// is 0: a subnormal result, even one that rounds to 0, costs an assist of 70 ns.
// Relative error 3e-6, far below the rounding to bf16 (kCoarse), or 2e-8.
enum class Accuracy { kCoarse, kF32 };

template <class A, Accuracy kAccuracy>
inline typename A::Sum power_of_two(typename A::Sum x) {
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
  return A::scale_above(y, n, x, A::set(-125.0f));
}

}  // namespace
}  // namespace ferrum::cpu
