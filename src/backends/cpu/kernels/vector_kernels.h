#pragma once
// The inner loops of the memory-bound operations: plain functions over runs of f32, one table per
// instruction set. All other element types pass through widen and narrow in chunks that stay in
// the first-level cache.
//
// Depends on <cstdint> alone: the files that implement it are compiled for one instruction set
// each, and an inline function that they shared with others might end up in the wrong one.

#include <cstdint>

namespace ferrum {

struct VectorKernels {
  // Exact, and rounded to nearest with ties to even.
  void (*widen_f16)(const uint16_t* x, float* out, int64_t n);
  void (*widen_bf16)(const uint16_t* x, float* out, int64_t n);
  void (*narrow_f16)(const float* x, uint16_t* out, int64_t n);
  void (*narrow_bf16)(const float* x, uint16_t* out, int64_t n);

  // Elementwise; `out` may be an input.
  using Binary = void (*)(const float* a, const float* b, float* out, int64_t n);
  using Unary = void (*)(const float* x, float* out, int64_t n);
  Binary add, sub, mul, div;
  Binary silu_mul;  // silu(a) * b
  // The same from bf16 to bf16; f32 between.
  void (*silu_mul_bf16)(const uint16_t* a, const uint16_t* b, uint16_t* out, int64_t n);
  Unary relu, gelu, gelu_tanh, silu;

  // Reductions. The order of the sum depends on n alone.
  float (*max)(const float* x, int64_t n);  // NaN is skipped; -inf when there is nothing else
  float (*sum)(const float* x, int64_t n);
  float (*sum_squares)(const float* x, float mean, int64_t n);            // sum of (x - mean)^2
  float (*exp_shifted)(const float* x, float max, float* out, int64_t n);  // exp(x - max); its sum

  void (*scale)(const float* x, float factor, float* out, int64_t n);
  // (x - mean) * factor * weight, and + bias where it is not null.
  void (*normalize)(const float* x, float mean, float factor, const float* weight,
                    const float* bias, float* out, int64_t n);
  // The two halves of add_rms_norm in bf16: sum += x, and the sum of the squares of what sum then
  // is; x * factor * weight.
  float (*add_bf16)(const uint16_t* x, uint16_t* sum, int64_t n);
  void (*normalize_bf16)(const uint16_t* x, float factor, const uint16_t* weight, uint16_t* out,
                         int64_t n);
  // x, y <- x cos - y sin, y cos + x sin
  void (*rotate)(float* x, float* y, const float* cos, const float* sin, int64_t n);
  void (*rotate_bf16)(uint16_t* x, uint16_t* y, const float* cos, const float* sin, int64_t n);

  // acc[r][j] += sum over k of a[r * depth + k] * b[k * kMatmulColumns + j], for j below
  // kMatmulColumns.
  void (*matmul_tile)(const float* a, const float* b, float* acc, int64_t rows, int64_t depth);
};

inline constexpr int64_t kMatmulColumns = 32;

// The scalar twin is the plain reading of each formula. Those of the instruction sets agree with
// each other bit for bit; their exp, erf and tanh are within 2 units in the last place.
extern const VectorKernels kVectorScalar;
extern const VectorKernels kVectorAvx2;
extern const VectorKernels kVectorAvx512;

}  // namespace ferrum
