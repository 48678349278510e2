#include "weights/http/block_cache.h"

#include <algorithm>

namespace ferrum {

BlockCache::Block BlockCache::find(int64_t index) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const auto& entry) { return entry.first == index; });
  if (found == blocks_.end()) return nullptr;
  blocks_.splice(blocks_.begin(), blocks_, found);
  return blocks_.front().second;
}

void BlockCache::insert(int64_t index, Block block) {
  const std::lock_guard lock(mutex_);
  std::erase_if(blocks_, [&](const auto& entry) { return entry.first == index; });
  blocks_.emplace_front(index, std::move(block));
  if (blocks_.size() > max_blocks_) blocks_.pop_back();
}

}  // namespace ferrum
