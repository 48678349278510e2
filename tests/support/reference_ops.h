#pragma once
// The mathematics of each operation in double precision, one element after the other: the oracle
// of the conformance suite.

#include <cstdint>
#include <functional>
#include <vector>

#include "ferrum/types/shape.h"

namespace ferrum::reference {

using Array = std::vector<double>;

double silu(double x);
double gelu(double x);
double gelu_tanh(double x);

// NumPy broadcasting.
Array broadcast_binary(const Array& a, const Shape& a_shape, const Array& b, const Shape& b_shape,
                       const std::function<double(double, double)>& f);
Array softmax(const Array& x, const Shape& shape, int dim);
Array layer_norm(const Array& x, const Array& weight, const Array& bias, double eps);
Array rms_norm(const Array& x, const Array& weight, double eps);
Array matmul(const Array& a, const Shape& a_shape, const Array& b, const Shape& b_shape);
// x: [tokens, heads, head_dim], cos and sin: [positions, pairs]
Array rotary(const Array& x, const Shape& shape, const Array& cos, const Array& sin, int64_t pairs,
             const Array& positions);

}  // namespace ferrum::reference
