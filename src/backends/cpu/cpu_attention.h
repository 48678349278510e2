#pragma once
// AttentionOps of the CPU: caches in f32, f16 or bf16, any block size and head_dim.

#include "backends/cpu/cpu_features.h"
#include "backends/cpu/scratch_pool.h"
#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/types/thread_pool.h"

namespace ferrum {

class CpuAttentionOps final : public AttentionOps {
 public:
  // Borrows the pool. `isa` must be one of available_isas().
  CpuAttentionOps(ThreadPool& pool, Isa isa) : pool_(pool), isa_(isa) {}

  // Rows of a head must be contiguous (stride 1); the caches must be contiguous.
  void write_kv(const Tensor& k, const Tensor& v, const Tensor& slots, const Tensor& k_cache,
                const Tensor& v_cache) override;
  void paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                       const PagedLayout& layout, const AttentionParams& params,
                       const Tensor& out) override;

 private:
  ThreadPool& pool_;
  Isa isa_;
  cpu::ScratchPool scratch_;
};

}  // namespace ferrum
