#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr uint32_t kFree = UINT32_MAX;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kInvalidFormat, "the tokenizer's vocabulary " + message);
}

std::string quoted(std::string_view token) { return "'" + std::string(token.substr(0, 200)) + "'"; }

}  // namespace

Vocabulary::Vocabulary(StringList tokens, std::vector<int32_t> ids)
    : tokens_(std::move(tokens)), ids_(std::move(ids)) {
  index_tokens();
  index_ids();
}

void Vocabulary::index_tokens() {
  slots_.assign(std::bit_ceil(2 * ids_.size() + 2), kFree);
  const size_t mask = slots_.size() - 1;
  for (uint32_t i = 0; i < ids_.size(); ++i) {
    const std::string_view token = tokens_[i];
    size_t slot = std::hash<std::string_view>()(token) & mask;
    for (; slots_[slot] != kFree; slot = (slot + 1) & mask) {
      if (tokens_[slots_[slot]] == token) refuse("has the token " + quoted(token) + " twice");
    }
    slots_[slot] = i;
  }
}

void Vocabulary::index_ids() {
  by_id_.resize(ids_.size());
  std::iota(by_id_.begin(), by_id_.end(), 0u);
  const auto less = [&](uint32_t a, uint32_t b) { return ids_[a] < ids_[b]; };
  if (!std::is_sorted(by_id_.begin(), by_id_.end(), less)) {
    std::sort(by_id_.begin(), by_id_.end(), less);
  }
  for (size_t i = 1; i < by_id_.size(); ++i) {
    if (ids_[by_id_[i - 1]] != ids_[by_id_[i]]) continue;
    refuse("gives the id " + std::to_string(ids_[by_id_[i]]) + " to " +
           quoted(tokens_[by_id_[i - 1]]) + " and to " + quoted(tokens_[by_id_[i]]));
  }
}

std::optional<int32_t> Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return std::nullopt;
  const size_t mask = slots_.size() - 1;
  for (size_t slot = std::hash<std::string_view>()(token) & mask; slots_[slot] != kFree;
       slot = (slot + 1) & mask) {
    if (tokens_[slots_[slot]] == token) return ids_[slots_[slot]];
  }
  return std::nullopt;
}

std::optional<std::string_view> Vocabulary::token(int32_t id) const {
  if (id < 0) return std::nullopt;
  // Without gaps an id is its own place.
  const auto place = static_cast<size_t>(id);
  if (place < by_id_.size() && ids_[by_id_[place]] == id) return tokens_[by_id_[place]];
  const auto found = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                      [&](uint32_t i, int32_t value) { return ids_[i] < value; });
  if (found == by_id_.end() || ids_[*found] != id) return std::nullopt;
  return tokens_[*found];
}

}  // namespace ferrum
