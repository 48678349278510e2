#pragma once
// What AttentionOps demands of its arguments. All throw ferrum::Error.

#include "ferrum/tensor/kernel_ops.h"

namespace ferrum::cpu {

// k, v: [tokens, kv_heads, head_dim]; slots: i64 [tokens], each within the caches.
void check_write_kv(const Tensor& k, const Tensor& v, const Tensor& slots, const Tensor& k_cache,
                    const Tensor& v_cache);

// Every token, context and block that the layout names exists.
void check_paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                           const PagedLayout& layout, const AttentionParams& params,
                           const Tensor& out);

}  // namespace ferrum::cpu
