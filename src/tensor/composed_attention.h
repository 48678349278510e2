#pragma once
// AttentionOps composed from TensorOps: blocks are gathered into one contiguous context per item,
// and the whole score matrix of an item is made.

#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/tensor/tensor_ops.h"

namespace ferrum {

class ComposedAttentionOps final : public AttentionOps {
 public:
  ComposedAttentionOps(TensorOps& ops, TensorFactory& factory) : ops_(ops), factory_(factory) {}

  void write_kv(const Tensor& k, const Tensor& v, const Tensor& slots, const Tensor& k_cache,
                const Tensor& v_cache) override;
  void paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                       const PagedLayout& layout, const AttentionParams& params,
                       const Tensor& out) override;

 private:
  struct Item;

  Tensor gather_context(const Tensor& cache, const int32_t* blocks, int64_t context);
  Tensor mask(const Item& item, int64_t window, const Device& device);
  void attend(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache, const Item& item,
              const AttentionParams& params, const Tensor& out);

  TensorOps& ops_;
  TensorFactory& factory_;
};

}  // namespace ferrum
