#pragma once
// TensorOps on the CPU: checks arguments and hands them to the loops beside this file.

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/tensor_ops.h"

namespace ferrum {

class CpuTensorOps final : public TensorOps {
 public:
  explicit CpuTensorOps(const CpuContext& context) : context_(context) {}

  void matmul(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void add(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void sub(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void mul(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void div(const Tensor& a, const Tensor& b, const Tensor& out) override;
  void softmax(const Tensor& x, int dim, const Tensor& out) override;
  void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                  const Tensor& out) override;
  void rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) override;
  void relu(const Tensor& x, const Tensor& out) override;
  void gelu(const Tensor& x, const Tensor& out) override;
  void silu(const Tensor& x, const Tensor& out) override;
  void concat(std::span<const Tensor> parts, int dim, const Tensor& out) override;
  void cast(const Tensor& x, const Tensor& out) override;
  void gather_rows(const Tensor& table, const Tensor& indices, const Tensor& out) override;

 private:
  CpuContext context_;
};

}  // namespace ferrum
