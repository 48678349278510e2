#pragma once
// Bytes that are zero but for a few texts: files larger than a test would write.

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

namespace ferrum::test {

class SparseBytes {
 public:
  int64_t size() const { return size_; }

  // Texts do not overlap.
  void put(int64_t offset, std::string text) {
    size_ = std::max(size_, offset + static_cast<int64_t>(text.size()));
    if (!text.empty()) texts_[offset] = std::move(text);
  }
  void append(std::string text) { put(size_, std::move(text)); }
  void append(SparseBytes other) {
    for (auto& [offset, text] : other.texts_) texts_[size_ + offset] = std::move(text);
    size_ += other.size_;
  }
  void append_zeros(int64_t bytes) { size_ += bytes; }

  void fill(int64_t offset, std::span<char> destination) const {
    const int64_t end = offset + static_cast<int64_t>(destination.size());
    std::fill(destination.begin(), destination.end(), '\0');
    auto it = texts_.upper_bound(offset);
    if (it != texts_.begin()) --it;
    for (; it != texts_.end() && it->first < end; ++it) {
      const auto& [begin, text] = *it;
      const int64_t from = std::max(begin, offset);
      const int64_t until = std::min(begin + static_cast<int64_t>(text.size()), end);
      if (from < until) {
        std::copy_n(text.begin() + (from - begin), until - from,
                    destination.begin() + (from - offset));
      }
    }
  }

 private:
  int64_t size_ = 0;
  std::map<int64_t, std::string> texts_;
};

}  // namespace ferrum::test
