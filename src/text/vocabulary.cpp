#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

uint64_t hash_of(std::string_view token) { return std::hash<std::string_view>()(token); }
uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

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
  slots_.assign(std::bit_ceil(2 * ids_.size() + 2), Slot{0, kFree});
  for (uint32_t place = 0; place < ids_.size(); ++place) {
    const std::string_view token = tokens_[place];
    const uint64_t hash = hash_of(token);
    Slot& slot = slots_[slot_of(token, hash)];
    if (slot.place != kFree) refuse("has the token " + quoted(token) + " twice");
    slot = {tag_of(hash), place};
  }
}

// Where the token is, or would be.
size_t Vocabulary::slot_of(std::string_view token, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].place != kFree &&
         (slots_[at].tag != tag_of(hash) || tokens_[slots_[at].place] != token)) {
    at = (at + 1) & mask;
  }
  return at;
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
  const uint32_t place = slots_[slot_of(token, hash_of(token))].place;
  return place == kFree ? std::nullopt : std::optional(ids_[place]);
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
