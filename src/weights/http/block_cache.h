#pragma once
// The last used blocks of one object, so that the many small reads of a directory become few
// requests.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace ferrum {

// Thread-safe.
class BlockCache {
 public:
  using Block = std::shared_ptr<const std::vector<std::byte>>;

  explicit BlockCache(size_t max_blocks) : max_blocks_(max_blocks) {}

  Block find(int64_t index);  // null where it is not kept
  void insert(int64_t index, Block block);

 private:
  const size_t max_blocks_;
  std::mutex mutex_;
  std::list<std::pair<int64_t, Block>> blocks_;  // the last used first
};

}  // namespace ferrum
