// The scalar twins: what the vectorised kernels are compared with, and what runs where there is
// no AVX2.

#include <cmath>
#include <limits>
#include <numbers>

#include "backends/cpu/kernels/vector_kernels.h"
#include "ferrum/types/float16.h"

namespace ferrum {
namespace {

template <auto f>
void binary(const float* a, const float* b, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
}

template <auto f>
void unary(const float* x, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = f(x[i]);
}

float add(float a, float b) { return a + b; }
float sub(float a, float b) { return a - b; }
float mul(float a, float b) { return a * b; }
float div(float a, float b) { return a / b; }
float relu(float x) { return x < 0 ? 0 : x; }
float silu(float x) { return x / (1 + std::exp(-x)); }
float silu_mul(float gate, float up) { return silu(gate) * up; }
float gelu(float x) { return 0.5f * x * (1 + std::erf(x * (1 / std::numbers::sqrt2_v<float>))); }
float gelu_tanh(float x) {
  const float z = std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float> *
                  (x + 0.044715f * x * x * x);
  return 0.5f * x * (1 + std::tanh(z));
}

void silu_mul_bf16(const uint16_t* a, const uint16_t* b, uint16_t* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float product = silu_mul(to_float(BFloat16{a[i]}), to_float(BFloat16{b[i]}));
    out[i] = to_bfloat16(product).bits;
  }
}

float add_bf16(const uint16_t* x, uint16_t* sum, int64_t n) {
  float squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum[i] = to_bfloat16(to_float(BFloat16{sum[i]}) + to_float(BFloat16{x[i]})).bits;
    const float stored = to_float(BFloat16{sum[i]});
    squares += stored * stored;
  }
  return squares;
}

void normalize_bf16(const uint16_t* x, float factor, const uint16_t* weight, uint16_t* out,
                    int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = to_bfloat16(to_float(BFloat16{x[i]}) * factor * to_float(BFloat16{weight[i]})).bits;
  }
}

void widen_f16(const uint16_t* x, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = to_float(Float16{x[i]});
}
void widen_bf16(const uint16_t* x, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = to_float(BFloat16{x[i]});
}
void narrow_f16(const float* x, uint16_t* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = to_float16(x[i]).bits;
}
void narrow_bf16(const float* x, uint16_t* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = to_bfloat16(x[i]).bits;
}

float max(const float* x, int64_t n) {
  float result = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

float sum(const float* x, int64_t n) {
  float result = 0;
  for (int64_t i = 0; i < n; ++i) result += x[i];
  return result;
}

float sum_squares(const float* x, float mean, int64_t n) {
  float result = 0;
  for (int64_t i = 0; i < n; ++i) result += (x[i] - mean) * (x[i] - mean);
  return result;
}

float exp_shifted(const float* x, float max_x, float* out, int64_t n) {
  float result = 0;
  for (int64_t i = 0; i < n; ++i) result += out[i] = std::exp(x[i] - max_x);
  return result;
}

void scale(const float* x, float factor, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = x[i] * factor;
}

void normalize(const float* x, float mean, float factor, const float* weight, const float* bias,
               float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = (x[i] - mean) * factor * weight[i] + (bias ? bias[i] : 0);
  }
}

void rotate(float* x, float* y, const float* cos, const float* sin, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float real = x[i] * cos[i] - y[i] * sin[i];
    y[i] = y[i] * cos[i] + x[i] * sin[i];
    x[i] = real;
  }
}
void rotate_bf16(uint16_t* x, uint16_t* y, const float* cos, const float* sin, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    float a = to_float(BFloat16{x[i]}), b = to_float(BFloat16{y[i]});
    rotate(&a, &b, cos + i, sin + i, 1);
    x[i] = to_bfloat16(a).bits;
    y[i] = to_bfloat16(b).bits;
  }
}

void matmul_tile(const float* a, const float* b, float* acc, int64_t rows, int64_t depth) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = 0; j < kMatmulColumns; ++j) {
        acc[r * kMatmulColumns + j] += a[r * depth + k] * b[k * kMatmulColumns + j];
      }
    }
  }
}

}  // namespace

const VectorKernels kVectorScalar = {
    .widen_f16 = widen_f16,
    .widen_bf16 = widen_bf16,
    .narrow_f16 = narrow_f16,
    .narrow_bf16 = narrow_bf16,
    .add = binary<add>,
    .sub = binary<sub>,
    .mul = binary<mul>,
    .div = binary<div>,
    .silu_mul = binary<silu_mul>,
    .silu_mul_bf16 = silu_mul_bf16,
    .relu = unary<relu>,
    .gelu = unary<gelu>,
    .gelu_tanh = unary<gelu_tanh>,
    .silu = unary<silu>,
    .max = max,
    .sum = sum,
    .sum_squares = sum_squares,
    .exp_shifted = exp_shifted,
    .scale = scale,
    .normalize = normalize,
    .add_bf16 = add_bf16,
    .normalize_bf16 = normalize_bf16,
    .rotate = rotate,
    .rotate_bf16 = rotate_bf16,
    .matmul_tile = matmul_tile,
};

}  // namespace ferrum
