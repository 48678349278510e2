#pragma once
// The one owner of cached keys and values. The scheduler asks its pool for blocks, the model
// borrows its layers.

#include <span>
#include <vector>

#include "engine/block_pool.h"
#include "ferrum/models/model.h"

namespace ferrum {

class KvCache {
 public:
  // Throws kResourceExhausted when the device has too little memory.
  KvCache(const ModelInfo& info, DataType dtype, int64_t tokens, const Device& device,
          TensorFactory& factory)
      : blocks_(BlockPool::blocks_for(tokens)) {
    const Shape shape{blocks_.total(), info.kv_heads, BlockPool::kBlockTokens, info.head_dim};
    layers_.reserve(static_cast<size_t>(info.layers));
    for (int64_t i = 0; i < info.layers; ++i) {
      layers_.push_back(
          {factory.empty(shape, dtype, device), factory.empty(shape, dtype, device)});
    }
  }

  static int64_t bytes_per_token(const ModelInfo& info, DataType dtype) {
    return 2 * info.layers * bytes_of(dtype, info.kv_heads * info.head_dim);
  }

  BlockPool& blocks() { return blocks_; }
  std::span<const KvLayer> layers() const { return layers_; }

 private:
  BlockPool blocks_;
  std::vector<KvLayer> layers_;
};

}  // namespace ferrum
