#pragma once
// AttentionOps (kernel_ops.h) in double, one query and one position after the other.

#include <cstdint>
#include <vector>

#include "ferrum/types/shape.h"

namespace ferrum::reference {

// What paged_attention is called with; arrays row-major.
struct PagedAttention {
  std::vector<double> q, keys, values;
  Shape q_shape;      // [tokens, heads, head_dim]
  Shape cache_shape;  // [blocks, kv_heads, block_size, head_dim]
  std::vector<double> query_start, context_length, block_table;
  double scale = 1;
  int64_t window = 0;
};

// [tokens, heads, head_dim]
std::vector<double> paged_attention(const PagedAttention& call);

// `rows` [tokens, kv_heads, head_dim] written to their slots of `cache`.
void write_slots(const std::vector<double>& rows, const std::vector<double>& slots,
                 const Shape& cache_shape, std::vector<double>& cache);

}  // namespace ferrum::reference
