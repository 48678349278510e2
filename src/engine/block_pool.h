#pragma once
// The blocks of the paged cache (Kwon et al., 2023, arXiv:2309.06180): which are free, and whose
// the others are. Only ids; the memory behind them is KvCache's. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ferrum {

// Blocks of one sequence: tokens 16j .. 16j + 15 lie in block ids[j]. The first `dropped` blocks
// were given back because no later token looks at them. Their entries repeat the first one kept: a
// kernel that reads past the edge of a window, and masks, meets the sequence's own keys and values.
struct BlockTable {
  std::vector<int32_t> ids;
  int64_t dropped = 0;

  int64_t held() const { return static_cast<int64_t>(ids.size()) - dropped; }
};

class BlockPool {
 public:
  static constexpr int64_t kBlockTokens = 16;

  explicit BlockPool(int64_t blocks);

  static int64_t blocks_for(int64_t tokens) {
    return (tokens + kBlockTokens - 1) / kBlockTokens;
  }

  // Extends the table to hold `tokens`. False, and nothing changed, when too few blocks are free.
  bool grow(BlockTable& table, int64_t tokens);
  // Frees the blocks whose tokens all lie before `position`, but never the last one.
  void drop_before(BlockTable& table, int64_t position);
  void release(BlockTable& table);

  int64_t total() const { return total_; }
  int64_t free() const { return static_cast<int64_t>(free_.size()); }
  int64_t used() const { return total() - free(); }

 private:
  int64_t total_;
  std::vector<int32_t> free_;  // the last one goes next
};

}  // namespace ferrum
