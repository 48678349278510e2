#pragma once
// SamplingOps through host memory, by the law of sampling.h.

#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/tensor/tensor_ops.h"

namespace ferrum {

class ComposedSamplingOps final : public SamplingOps {
 public:
  ComposedSamplingOps(TensorOps& ops, TensorFactory& factory) : ops_(ops), factory_(factory) {}

  void argmax(const Tensor& logits, const Tensor& out) override;
  void sample(const Tensor& logits, std::span<const SamplingRow> rows, const Tensor& out) override;

 private:
  Tensor to_host(const Tensor& logits);
  void store(std::span<const int32_t> tokens, const Tensor& out);

  TensorOps& ops_;
  TensorFactory& factory_;
};

}  // namespace ferrum
