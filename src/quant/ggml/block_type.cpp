#include "ferrum/quant/block_type.h"

#include <algorithm>
#include <vector>

#include "quant/ggml/block_family.h"

namespace ferrum {

std::span<const BlockType> block_types() {
  static const std::vector<BlockType> types = [] {
    std::vector<BlockType> all;
    for (const auto family : {ggml::simple_block_types(), ggml::k_block_types(),
                              ggml::codebook_block_types(), ggml::table_block_types(),
                              ggml::ternary_block_types()}) {
      all.insert(all.end(), family.begin(), family.end());
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return all;
  }();
  return types;
}

const BlockType* find_block_type(uint32_t id) {
  for (const BlockType& type : block_types()) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

}  // namespace ferrum
