#include "backends/cpu/attention_checks.h"

#include <string>

namespace ferrum::cpu {
namespace {

[[noreturn]] void refuse(const std::string& found, const std::string& remedy) {
  throw Error(ErrorCode::kInvalidArgument, "attention: " + found, remedy);
}

std::string describe(const Tensor& t) { return t.defined() ? to_string(t) : "undefined"; }

void check_floats(const char* name, const Tensor& t, int rank) {
  if (!t.defined() || t.rank() != rank) {
    refuse(std::string(name) + " is " + describe(t),
           "pass a tensor of rank " + std::to_string(rank));
  }
  const DataType d = t.dtype();
  const bool known = d == DataType::kF32 || d == DataType::kF16 || d == DataType::kBF16;
  if (!known || !t.device().is_cpu()) {
    throw Error(ErrorCode::kUnsupported, "attention: " + std::string(name) + " is " + describe(t),
                "pass f32, f16 or bf16 on cpu");
  }
}

// [tokens, heads, head_dim], whose heads are contiguous.
void check_heads(const char* name, const Tensor& t, int64_t head_dim) {
  check_floats(name, t, 3);
  if (t.dim(2) != head_dim || (head_dim > 1 && t.stride(2) != 1)) {
    refuse(std::string(name) + " is " + describe(t) + " with elements " +
               std::to_string(t.stride(2)) + " apart",
           "pass contiguous heads of " + std::to_string(head_dim));
  }
}

void check_caches(const Tensor& k_cache, const Tensor& v_cache) {
  check_floats("k_cache", k_cache, 4);
  check_floats("v_cache", v_cache, 4);
  if (k_cache.shape() != v_cache.shape() || k_cache.dtype() != v_cache.dtype() ||
      !k_cache.is_contiguous() || !v_cache.is_contiguous()) {
    refuse("k_cache is " + describe(k_cache) + " and v_cache " + describe(v_cache),
           "pass two contiguous caches of one shape and dtype");
  }
}

void check_integers(const char* name, const Tensor& t, DataType dtype, int rank, int64_t count) {
  const bool fits = t.defined() && t.dtype() == dtype && t.rank() == rank && t.dim(0) == count &&
                    t.device().is_cpu() && (t.dim(-1) <= 1 || t.stride(-1) == 1);
  if (!fits) {
    refuse(std::string(name) + " is " + describe(t),
           "pass " + std::string(to_string(dtype)) + " [" + std::to_string(count) +
               (rank == 2 ? ", max_blocks]" : "]") + " on cpu");
  }
}

void check_item(const PagedLayout& layout, int64_t item, int64_t blocks, int64_t block_size) {
  const int32_t* const start = layout.query_start.data<int32_t>() + item;
  const int64_t queries = int64_t{start[1]} - start[0];
  const int64_t context = layout.context_length.data<int32_t>()[item];
  const int64_t needed = (context + block_size - 1) / block_size;
  const std::string name = "item " + std::to_string(item);
  if (queries < 0 || queries > context || needed > layout.block_table.dim(1)) {
    refuse(name + " has " + std::to_string(queries) + " queries, a context of " +
               std::to_string(context) + " and " + std::to_string(layout.block_table.dim(1)) +
               " blocks of " + std::to_string(block_size),
           "count the step's own tokens in the context and give a block for each of it");
  }
  const int32_t* const table =
      layout.block_table.data<int32_t>() + item * layout.block_table.stride(0);
  for (int64_t j = 0; j < needed; ++j) {
    if (table[j] < 0 || table[j] >= blocks) {
      refuse(name + " names block " + std::to_string(table[j]) + " of " + std::to_string(blocks),
             "give blocks of the cache");
    }
  }
}

}  // namespace

void check_write_kv(const Tensor& k, const Tensor& v, const Tensor& slots, const Tensor& k_cache,
                    const Tensor& v_cache) {
  check_caches(k_cache, v_cache);
  check_heads("k", k, k_cache.dim(3));
  check_heads("v", v, k_cache.dim(3));
  if (k.shape() != v.shape() || k.dim(1) != k_cache.dim(1)) {
    refuse("k is " + describe(k) + ", v " + describe(v) + ", the cache " + describe(k_cache),
           "pass [tokens, kv_heads, head_dim] with the cache's heads");
  }
  check_integers("slots", slots, DataType::kI64, 1, k.dim(0));
  const int64_t count = k_cache.dim(0) * k_cache.dim(2);
  for (int64_t t = 0; t < k.dim(0); ++t) {
    const int64_t slot = slots.data<int64_t>()[t];
    if (slot < 0 || slot >= count) {
      refuse("token " + std::to_string(t) + " goes to slot " + std::to_string(slot) + " of " +
                 std::to_string(count),
             "give slots of the cache");
    }
  }
}

void check_paged_attention(const Tensor& q, const Tensor& k_cache, const Tensor& v_cache,
                           const PagedLayout& layout, const AttentionParams& params,
                           const Tensor& out) {
  check_caches(k_cache, v_cache);
  check_heads("q", q, k_cache.dim(3));
  check_heads("out", out, k_cache.dim(3));
  if (q.shape() != out.shape() || k_cache.dim(1) == 0 || q.dim(1) % k_cache.dim(1) != 0) {
    refuse("q is " + describe(q) + ", out " + describe(out) + ", the cache " + describe(k_cache),
           "pass [tokens, heads, head_dim] twice, heads a multiple of the cache's");
  }
  if (params.sliding_window < 0) {
    refuse("the window is " + std::to_string(params.sliding_window), "pass 0 for no window");
  }
  if (!(params.scale > 0)) {
    refuse("the scale is " + std::to_string(params.scale), "pass one above 0");
  }
  const int64_t items = layout.context_length.defined() ? layout.context_length.numel() : 0;
  check_integers("context_length", layout.context_length, DataType::kI32, 1, items);
  check_integers("query_start", layout.query_start, DataType::kI32, 1, items + 1);
  check_integers("block_table", layout.block_table, DataType::kI32, 2, items);
  const int32_t* const start = layout.query_start.data<int32_t>();
  if (start[0] != 0 || start[items] != q.dim(0)) {
    refuse("query_start runs from " + std::to_string(start[0]) + " to " +
               std::to_string(start[items]) + " over " + std::to_string(q.dim(0)) + " tokens",
           "begin at 0 and end at the number of tokens");
  }
  for (int64_t i = 0; i < items; ++i) check_item(layout, i, k_cache.dim(0), k_cache.dim(2));
}

}  // namespace ferrum::cpu
