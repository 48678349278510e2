#pragma once
// Grouped-query attention over the paged cache (Vaswani et al., 2017, arXiv:1706.03762; Ainslie et
// al., 2023, arXiv:2305.13245).

#include <cmath>
#include <string>

#include "models/blocks/linear.h"
#include "models/blocks/rope.h"

namespace ferrum {

class Attention {
 public:
  // [tokens, heads or kv_heads, head_dim]
  struct Heads {
    Tensor q, k, v, attended;
  };

  Attention(KernelOps& ops, const WeightSet& weights, const ModelInfo& info)
      : ops_(ops.attention()),
        linear_(ops.linear()),
        params_{1.0f / std::sqrt(static_cast<float>(info.head_dim)), info.sliding_window},
        q_(*ops.linear(), weights, "q_proj"),
        k_(*ops.linear(), weights, "k_proj"),
        v_(*ops.linear(), weights, "v_proj"),
        o_(*ops.linear(), weights, "o_proj") {}

  // Queries, keys and values of x: [tokens, hidden]; keys and values go into the cache.
  void project(const Tensor& x, const RotaryEmbedding& rope, const StepBatch& batch,
               const KvLayer& cache, const Heads& heads) const {
    const Tensor q = as_matrix(heads.q), k = as_matrix(heads.k), v = as_matrix(heads.v);
    const LinearTarget all[] = {q_.target(q), k_.target(k), v_.target(v)};
    linear_->linear_group(x, all);
    rope.rotate(heads.q);
    rope.rotate(heads.k);
    ops_->write_kv(heads.k, heads.v, batch.slots, cache.k, cache.v);
  }

  void attend(const StepBatch& batch, const KvLayer& cache, const Heads& heads) const {
    ops_->paged_attention(heads.q, cache.k, cache.v, batch.layout, params_, heads.attended);
  }

  // attended: [rows, heads, head_dim], out: [rows, hidden]
  void output(const Tensor& attended, const Tensor& out) const {
    o_.forward(as_matrix(attended), out);
  }

 private:
  static Tensor as_matrix(const Tensor& heads) {
    return heads.reshape({heads.dim(0), heads.dim(1) * heads.dim(2)});
  }

  AttentionOps* ops_;
  LinearOps* linear_;
  AttentionParams params_;
  Linear q_, k_, v_, o_;
};

}  // namespace ferrum
