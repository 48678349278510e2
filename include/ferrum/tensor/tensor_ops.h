#pragma once
// General tensor arithmetic of one backend. Seed name: TensorOps.
//
// Outputs are passed in, with the right shape and dtype, so that a step allocates nothing. Inputs
// may be strided views; an output may be strided too, and may be the very same view as an input
// of the elementwise operations (in place), but must not overlap one otherwise. Floating-point
// dtypes are f32, f16 and bf16, mixed freely between arguments: arithmetic is done in f32 and
// rounded once to the output's dtype (nearest, ties to even). Sums may be taken in any order.
//
// Work is ordered on the backend's queue; on the CPU a call returns when the result is there.
// Thread-safe for distinct outputs. Throws kInvalidArgument for shapes that do not fit,
// kUnsupported for a dtype or device that the backend lacks, kFailedState before initialize.

#include <span>

#include "ferrum/tensor/tensor.h"

namespace ferrum {

class TensorOps {
 public:
  virtual ~TensorOps() = default;

  // out[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]; leading dimensions broadcast.
  virtual void matmul(const Tensor& a, const Tensor& b, const Tensor& out) = 0;

  // Elementwise with NumPy broadcasting.
  virtual void add(const Tensor& a, const Tensor& b, const Tensor& out) = 0;
  virtual void sub(const Tensor& a, const Tensor& b, const Tensor& out) = 0;
  virtual void mul(const Tensor& a, const Tensor& b, const Tensor& out) = 0;
  virtual void div(const Tensor& a, const Tensor& b, const Tensor& out) = 0;

  // exp(x - max) / sum along `dim` (negative counts from the end). A row of only -inf gives zeros.
  virtual void softmax(const Tensor& x, int dim, const Tensor& out) = 0;

  // Over the last dimension: (x - mean) / sqrt(variance + eps) * weight + bias. `bias` may be
  // undefined. Population variance (Ba et al., 2016, arXiv:1607.06450).
  virtual void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                          const Tensor& out) = 0;
  // Over the last dimension: x / sqrt(mean(x^2) + eps) * weight (Zhang & Sennrich, 2019,
  // arXiv:1910.07467).
  virtual void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) = 0;

  virtual void relu(const Tensor& x, const Tensor& out) = 0;
  virtual void gelu(const Tensor& x, const Tensor& out) = 0;  // exact: x * Phi(x), by erf
  virtual void silu(const Tensor& x, const Tensor& out) = 0;  // x / (1 + exp(-x))

  // Joins along `dim`; every other extent agrees. split, transpose and permute are views: see
  // Tensor.
  virtual void concat(std::span<const Tensor> parts, int dim, const Tensor& out) = 0;

  // Copies elements between any two dtypes and strides of one shape. Floats to integers truncate
  // towards zero and saturate; NaN becomes 0.
  virtual void cast(const Tensor& x, const Tensor& out) = 0;

  // out[i, ...] = table[indices[i], ...]; `indices` is i32 [n] on the same device. An index out of
  // range is kInvalidArgument.
  virtual void gather_rows(const Tensor& table, const Tensor& indices, const Tensor& out) = 0;
};

}  // namespace ferrum
