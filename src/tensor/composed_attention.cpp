#include "tensor/composed_attention.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace ferrum {
namespace {

void check_slot(int64_t slot, int64_t slots) {
  if (slot >= 0 && slot < slots) return;
  throw Error(ErrorCode::kInvalidArgument, "write_kv: slot " + std::to_string(slot) +
                                               ", the cache has " + std::to_string(slots));
}

}  // namespace

// One sequence of the step: its rows of q and out, its context, its row of the block table.
struct ComposedAttentionOps::Item {
  int64_t start;
  int64_t queries;
  int64_t context;
  const int32_t* blocks;
};

void ComposedAttentionOps::write_kv(const Tensor& k, const Tensor& v, const Tensor& slots,
                                    const Tensor& k_cache, const Tensor& v_cache) {
  const Tensor host_slots = factory_.to_device(slots, Device::cpu());
  const int64_t* slot = host_slots.data<int64_t>();
  const int64_t block_size = k_cache.dim(2);
  for (int64_t t = 0; t < k.dim(0); ++t) check_slot(slot[t], k_cache.dim(0) * block_size);
  for (int64_t t = 0; t < k.dim(0); ++t) {
    const int64_t block = slot[t] / block_size;
    const int64_t offset = slot[t] % block_size;
    ops_.cast(k.select(0, t), k_cache.select(0, block).select(1, offset));
    ops_.cast(v.select(0, t), v_cache.select(0, block).select(1, offset));
  }
}

// f32 [kv_heads, context, head_dim]
Tensor ComposedAttentionOps::gather_context(const Tensor& cache, const int32_t* blocks,
                                            int64_t context) {
  const int64_t block_size = cache.dim(2);
  const Tensor result =
      factory_.empty({cache.dim(1), context, cache.dim(3)}, DataType::kF32, cache.device());
  for (int64_t begin = 0; begin < context; begin += block_size) {
    const int64_t length = std::min(block_size, context - begin);
    const int64_t block = blocks[begin / block_size];
    ops_.cast(cache.select(0, block).narrow(1, 0, length), result.narrow(1, begin, length));
  }
  return result;
}

// f32 [queries, context]: zero where a query sees a position, else so low that its share is zero,
// but finite, since debugging takes infinity for a mistake.
Tensor ComposedAttentionOps::mask(const Item& item, int64_t window, const Device& device) {
  std::vector<float> values(static_cast<size_t>(item.queries * item.context),
                            std::numeric_limits<float>::lowest() / 2);
  for (int64_t j = 0; j < item.queries; ++j) {
    const int64_t position = item.context - item.queries + j;
    const int64_t first = window > 0 ? std::max<int64_t>(0, position - window + 1) : 0;
    float* row = values.data() + j * item.context;
    std::fill(row + first, row + position + 1, 0.0f);
  }
  return factory_.from_values(std::span<const float>(values), {item.queries, item.context}, device);
}

void ComposedAttentionOps::attend(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                                  const Item& item, const AttentionParams& params,
                                  const Tensor& out) {
  const int64_t kv_heads = k_cache.dim(1);
  const int64_t group = q.dim(1) / kv_heads;
  const int64_t head_dim = q.dim(2);
  // [queries, heads, head_dim] -> [kv_heads, group, queries, head_dim]
  const auto by_head = [&](const Tensor& x) {
    return x.narrow(0, item.start, item.queries)
        .reshape({item.queries, kv_heads, group, head_dim})
        .permute(std::array{1, 2, 0, 3});
  };
  const auto context_of = [&](const Tensor& cache) {
    return gather_context(cache, item.blocks, item.context)
        .reshape({kv_heads, 1, item.context, head_dim});
  };
  const std::array<float, 1> scale{params.scale};
  const Tensor scores =
      factory_.empty({kv_heads, group, item.queries, item.context}, DataType::kF32, q.device());
  ops_.matmul(by_head(q), context_of(k_cache).transpose(2, 3), scores);
  ops_.mul(scores, factory_.from_values(std::span<const float>(scale), {1}, q.device()), scores);
  ops_.add(scores, mask(item, params.sliding_window, q.device()), scores);
  ops_.softmax(scores, -1, scores);
  ops_.matmul(scores, context_of(v_cache), by_head(out));
}

void ComposedAttentionOps::paged_attention(const Tensor& q, const Tensor& k_cache,
                                           const Tensor& v_cache, const PagedLayout& layout,
                                           const AttentionParams& params, const Tensor& out) {
  const auto to_host = [&](const Tensor& t) { return factory_.to_device(t, Device::cpu()); };
  const Tensor starts = to_host(layout.query_start);
  const Tensor contexts = to_host(layout.context_length);
  const Tensor table = to_host(layout.block_table);
  const int64_t items = contexts.numel();
  for (int64_t i = 0; i < items; ++i) {
    const int32_t* start = starts.data<int32_t>() + i;
    const Item item{start[0], start[1] - start[0], contexts.data<int32_t>()[i],
                    table.data<int32_t>() + i * table.dim(1)};
    if (item.queries == 0) continue;
    if (item.queries < 0 || item.context < item.queries ||
        item.context > table.dim(1) * k_cache.dim(2)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "paged_attention: item " + std::to_string(i) + " has " +
                      std::to_string(item.queries) + " queries in a context of " +
                      std::to_string(item.context) + " and blocks for " +
                      std::to_string(table.dim(1) * k_cache.dim(2)));
    }
    attend(q, k_cache, v_cache, item, params, out);
  }
}

}  // namespace ferrum
