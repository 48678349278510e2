#include "engine/block_pool.h"

namespace ferrum {

BlockPool::BlockPool(int64_t blocks) : total_(blocks) {
  free_.reserve(static_cast<size_t>(blocks));
  for (int64_t id = blocks; id-- > 0;) free_.push_back(static_cast<int32_t>(id));
}

bool BlockPool::grow(BlockTable& table, int64_t tokens) {
  const int64_t missing = blocks_for(tokens) - static_cast<int64_t>(table.size());
  if (missing > free()) return false;
  for (int64_t i = 0; i < missing; ++i) {
    table.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void BlockPool::release(BlockTable& table) {
  free_.insert(free_.end(), table.rbegin(), table.rend());
  table.clear();
}

}  // namespace ferrum
