#include "support/reference_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace ferrum::reference {
namespace {

// Position in an array of `shape` that broadcasts to `out`, of the element `position` of `out`.
size_t broadcast_index(const Shape& shape, const Shape& out, int64_t position) {
  int64_t index = 0;
  int64_t step = 1;
  for (int d = out.rank() - 1; d >= 0; --d) {
    const int64_t i = position % out[d];
    position /= out[d];
    const int own = d - (out.rank() - shape.rank());
    if (own < 0) continue;
    if (shape[own] != 1) index += i * step;
    step *= shape[own];
  }
  return static_cast<size_t>(index);
}

Shape leading(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<size_t>(shape.rank() - 2)));
}

}  // namespace

double silu(double x) { return x / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }
double gelu_tanh(double x) {
  const double z = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(z));
}

Array broadcast_binary(const Array& a, const Shape& a_shape, const Array& b, const Shape& b_shape,
                       const std::function<double(double, double)>& f) {
  const Shape shape = Shape::broadcast(a_shape, b_shape);
  Array out(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < out.size(); ++i) {
    const auto position = static_cast<int64_t>(i);
    out[i] = f(a[broadcast_index(a_shape, shape, position)],
               b[broadcast_index(b_shape, shape, position)]);
  }
  return out;
}

Array softmax(const Array& x, const Shape& shape, int dim) {
  const int d = shape.resolve_dim(dim);
  int64_t inner = 1;
  for (int i = d + 1; i < shape.rank(); ++i) inner *= shape[i];
  const int64_t length = shape[d];
  Array out(x.size());
  for (int64_t row = 0; length > 0 && row < shape.numel() / length; ++row) {
    const auto at = [&](int64_t i) {
      return static_cast<size_t>(row / inner * inner * length + row % inner + i * inner);
    };
    double max = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < length; ++i) max = std::max(max, x[at(i)]);
    double sum = 0;
    if (std::isinf(max)) continue;  // only -inf: zeros
    for (int64_t i = 0; i < length; ++i) sum += out[at(i)] = std::exp(x[at(i)] - max);
    for (int64_t i = 0; i < length; ++i) out[at(i)] /= sum;
  }
  return out;
}

Array layer_norm(const Array& x, const Array& weight, const Array& bias, double eps) {
  Array out(x.size());
  const size_t n = weight.size();
  for (size_t row = 0; row < x.size(); row += n) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) mean += x[row + i] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) {
      variance += (x[row + i] - mean) * (x[row + i] - mean) / static_cast<double>(n);
    }
    for (size_t i = 0; i < n; ++i) {
      out[row + i] = (x[row + i] - mean) / std::sqrt(variance + eps) * weight[i] +
                     (bias.empty() ? 0 : bias[i]);
    }
  }
  return out;
}

Array rms_norm(const Array& x, const Array& weight, double eps) {
  Array out(x.size());
  const size_t n = weight.size();
  for (size_t row = 0; row < x.size(); row += n) {
    double squares = 0;
    for (size_t i = 0; i < n; ++i) squares += x[row + i] * x[row + i] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) out[row + i] = x[row + i] / std::sqrt(squares + eps) * weight[i];
  }
  return out;
}

Array matmul(const Array& a, const Shape& a_shape, const Array& b, const Shape& b_shape) {
  const Shape batch = Shape::broadcast(leading(a_shape), leading(b_shape));
  const auto m = static_cast<size_t>(a_shape[a_shape.rank() - 2]);
  const auto k = static_cast<size_t>(a_shape[a_shape.rank() - 1]);
  const auto n = static_cast<size_t>(b_shape[b_shape.rank() - 1]);
  Array out(static_cast<size_t>(batch.numel()) * m * n);
  for (size_t i = 0; i < static_cast<size_t>(batch.numel()); ++i) {
    const size_t left = broadcast_index(leading(a_shape), batch, static_cast<int64_t>(i)) * m * k;
    const size_t right = broadcast_index(leading(b_shape), batch, static_cast<int64_t>(i)) * k * n;
    for (size_t r = 0; r < m; ++r) {
      for (size_t c = 0; c < n; ++c) {
        double sum = 0;
        for (size_t j = 0; j < k; ++j) sum += a[left + r * k + j] * b[right + j * n + c];
        out[(i * m + r) * n + c] = sum;
      }
    }
  }
  return out;
}

Array rotary(const Array& x, const Shape& shape, const Array& cos, const Array& sin, int64_t pairs,
             const Array& positions) {
  Array out = x;
  for (int64_t t = 0; t < shape[0]; ++t) {
    const auto row = static_cast<int64_t>(positions[static_cast<size_t>(t)]) * pairs;
    for (int64_t h = 0; h < shape[1]; ++h) {
      for (int64_t i = 0; i < pairs; ++i) {
        const auto first = static_cast<size_t>((t * shape[1] + h) * shape[2] + i);
        const size_t second = first + static_cast<size_t>(pairs);
        const double c = cos[static_cast<size_t>(row + i)];
        const double s = sin[static_cast<size_t>(row + i)];
        out[first] = x[first] * c - x[second] * s;
        out[second] = x[second] * c + x[first] * s;
      }
    }
  }
  return out;
}

}  // namespace ferrum::reference
