#pragma once
// The short ranges of one object that were read last, so that the many small reads of a directory
// become few requests.

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <span>
#include <vector>

namespace ferrum {

// Thread-safe.
class RangeCache {
 public:
  explicit RangeCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // Copies the bytes from `offset` on up to the first that is not kept; how many these are.
  int64_t copy(int64_t offset, std::span<std::byte> destination);
  // The length of the longest range that was read as far as `offset`, give or take `gap` bytes: a
  // read there goes on. 0 where there is none.
  int64_t length_read_to(int64_t offset, int64_t gap) const;
  // The first `read` bytes have been, the others are ahead.
  void insert(int64_t offset, std::vector<std::byte> bytes, int64_t read);

 private:
  struct Range {
    int64_t begin;
    std::vector<std::byte> bytes;
    int64_t read_end;  // of what was copied from it
    int64_t end() const { return begin + static_cast<int64_t>(bytes.size()); }
  };

  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::list<Range> ranges_;  // the last used first; they may overlap
  int64_t bytes_ = 0;        // of all ranges
};

}  // namespace ferrum
