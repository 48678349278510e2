#pragma once
// The spellings of tokens and their ids.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum {

// Many short strings in one allocation.
class StringList {
 public:
  void add(std::string_view text) {
    bytes_ += text;
    ends_.push_back(bytes_.size());
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

// Memory follows the number of tokens, not the size of their ids, which may have gaps.
// Immutable and thread-safe once built.
class Vocabulary {
 public:
  Vocabulary() = default;
  // ids[i] >= 0 belongs to tokens[i]. Throws kInvalidFormat when a token or an id occurs twice.
  Vocabulary(StringList tokens, std::vector<int32_t> ids);

  std::optional<int32_t> find(std::string_view token) const;
  std::optional<std::string_view> token(int32_t id) const;
  size_t size() const { return ids_.size(); }
  int32_t highest_id() const { return by_id_.empty() ? -1 : ids_[by_id_.back()]; }

 private:
  // Open addressing by spelling. The tag spares the comparison with most other tokens.
  struct Slot {
    uint32_t tag;
    uint32_t place;  // in tokens_, or kFree
  };
  static constexpr uint32_t kFree = UINT32_MAX;

  void index_tokens();
  void index_ids();
  size_t slot_of(std::string_view token, uint64_t hash) const;

  StringList tokens_;
  std::vector<int32_t> ids_;
  std::vector<uint32_t> by_id_;  // places in tokens_, in the order of their ids
  std::vector<Slot> slots_;
};

}  // namespace ferrum
