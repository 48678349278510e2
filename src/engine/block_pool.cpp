#include "engine/block_pool.h"

#include <algorithm>

namespace ferrum {

BlockPool::BlockPool(int64_t blocks) : total_(blocks) {
  free_.reserve(static_cast<size_t>(blocks));
  for (int64_t id = blocks; id-- > 0;) free_.push_back(static_cast<int32_t>(id));
}

bool BlockPool::grow(BlockTable& table, int64_t tokens) {
  const int64_t missing = blocks_for(tokens) - static_cast<int64_t>(table.ids.size());
  if (missing > free()) return false;
  for (int64_t i = 0; i < missing; ++i) {
    table.ids.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void BlockPool::drop_before(BlockTable& table, int64_t position) {
  const int64_t last = static_cast<int64_t>(table.ids.size()) - 1;
  const int64_t count = std::min(position / kBlockTokens, last);
  if (count <= table.dropped) return;
  const auto begin = table.ids.begin();
  free_.insert(free_.end(), begin + table.dropped, begin + count);
  std::fill(begin, begin + count, table.ids[static_cast<size_t>(count)]);
  table.dropped = count;
}

void BlockPool::release(BlockTable& table) {
  free_.insert(free_.end(), table.ids.rbegin(), table.ids.rend() - table.dropped);
  table = {};
}

}  // namespace ferrum
