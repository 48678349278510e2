#include "weights/http/range_cache.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ferrum {

int64_t RangeCache::copy(int64_t offset, std::span<std::byte> destination) {
  const std::lock_guard lock(mutex_);
  const int64_t end = offset + static_cast<int64_t>(destination.size());
  int64_t at = offset;
  while (at < end) {
    const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
      return range.begin <= at && at < range.end();
    });
    if (found == ranges_.end()) break;
    const int64_t count = std::min(end, found->end()) - at;
    std::memcpy(destination.data() + (at - offset), found->bytes.data() + (at - found->begin),
                static_cast<size_t>(count));
    at += count;
    found->read_end = std::max(found->read_end, at);
    ranges_.splice(ranges_.begin(), ranges_, found);
  }
  return at - offset;
}

int64_t RangeCache::length_read_to(int64_t offset, int64_t gap) const {
  const std::lock_guard lock(mutex_);
  int64_t longest = 0;
  for (const Range& range : ranges_) {
    if (std::abs(offset - range.read_end) <= gap) {
      longest = std::max(longest, range.end() - range.begin);
    }
  }
  return longest;
}

void RangeCache::insert(int64_t offset, std::vector<std::byte> bytes, int64_t read) {
  const std::lock_guard lock(mutex_);
  bytes_ += static_cast<int64_t>(bytes.size());
  ranges_.push_front({offset, std::move(bytes), offset + read});
  while (bytes_ > max_bytes_ && ranges_.size() > 1) {
    bytes_ -= static_cast<int64_t>(ranges_.back().bytes.size());
    ranges_.pop_back();
  }
}

}  // namespace ferrum
