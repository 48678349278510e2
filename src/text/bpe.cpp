#include "text/bpe.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "text/json_kinds.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

constexpr uint64_t kFree = UINT64_MAX;
constexpr size_t kMaxCachedWords = 1 << 15;
constexpr size_t kMaxCachedBytes = 64;

uint64_t key_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

void refuse_affix(JsonReader& reader, const char* name) {
  std::string affix;
  if (reader.read(name, affix) && !affix.empty()) {
    throw Error(ErrorCode::kUnsupported, "the tokenizer's model has the " + std::string(name) +
                                             " '" + affix.substr(0, 200) + "'",
                "language models with byte-level vocabularies have none");
  }
}

}  // namespace

MergeTable::MergeTable(size_t count) : slots_(std::bit_ceil(2 * count + 2), Slot{kFree, {}}) {}

size_t MergeTable::slot_of(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  uint64_t hash = key * 0x9E3779B97F4A7C15u;
  hash ^= hash >> 32;
  size_t slot = hash & mask;
  while (slots_[slot].key != kFree && slots_[slot].key != key) slot = (slot + 1) & mask;
  return slot;
}

void MergeTable::insert(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = key_of(left, right);
  slots_[slot_of(key)] = {key, merge};
}

const MergeTable::Merge* MergeTable::find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[slot_of(key_of(left, right))];
  return slot.key == kFree ? nullptr : &slot.merge;
}

Bpe::Bpe(TokenizerJson json)
    : vocabulary_(std::move(json.tokens), std::move(json.ids)), merges_(json.merges.size() / 2) {
  const auto model = json.document.find("model");
  if (model == json.document.end()) {
    throw Error(ErrorCode::kInvalidFormat, "tokenizer.json has no 'model'");
  }
  read_options(*model);
  if (!json.has_vocab || !json.has_merges) {
    throw Error(ErrorCode::kInvalidFormat, std::string("tokenizer.json has no ") +
                                               (json.has_vocab ? "list model.merges"
                                                               : "object model.vocab"));
  }
  read_merges(json.merges);
}

void Bpe::read_options(const Json& model) {
  JsonReader reader(model, "model");
  std::string kind = "BPE";
  reader.read("type", kind);  // the oldest files leave it out
  if (kind != "BPE") refuse_kind("model", kind, "BPE");
  double dropout = 0;
  if (reader.read("dropout", dropout) && dropout != 0) {
    throw Error(ErrorCode::kUnsupported, "the tokenizer's model has a dropout, which is random",
                "set model.dropout to null");
  }
  refuse_affix(reader, "continuing_subword_prefix");
  refuse_affix(reader, "end_of_word_suffix");
  std::string unknown;
  if (reader.read("unk_token", unknown)) {
    unknown_ = vocabulary_.find(unknown);
    if (!unknown_) {
      throw Error(ErrorCode::kInvalidFormat, "the unknown token '" + unknown.substr(0, 200) +
                                                 "' is not in the tokenizer's vocabulary");
    }
  }
  bool byte_fallback = false;
  reader.read("byte_fallback", byte_fallback);
  reader.read("fuse_unk", fuse_unknown_);
  reader.read("ignore_merges", ignore_merges_);
  Json read_apart;
  reader.read("vocab", read_apart);
  reader.read("merges", read_apart);
  reader.finish();
  if (!byte_fallback) return;
  for (int byte = 0; byte < 256; ++byte) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const std::string token{'<', '0', 'x', kHex[static_cast<size_t>(byte) / 16],
                            kHex[static_cast<size_t>(byte) % 16], '>'};
    byte_fallback_.push_back(vocabulary_.find(token).value_or(-1));
  }
}

void Bpe::read_merges(const StringList& merges) {
  std::string joined;
  const auto id_of = [&](std::string_view token) {
    if (const auto id = vocabulary_.find(token)) return *id;
    throw Error(ErrorCode::kInvalidFormat, "a merge of the tokenizer needs the token '" +
                                               std::string(token.substr(0, 200)) +
                                               "', which is not in its vocabulary");
  };
  for (size_t i = 0; i + 1 < merges.size(); i += 2) {
    const int32_t left = id_of(merges[i]);
    const int32_t right = id_of(merges[i + 1]);
    joined.assign(merges[i]).append(merges[i + 1]);
    merges_.insert(left, right, {static_cast<int32_t>(i / 2), id_of(joined)});
  }
}

// The order of an unknown token and byte tokens behind it is that of the reference, which writes
// the unknown one when the next known character comes.
void Bpe::append_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
  int pending_unknown = 0;
  const auto flush = [&] {
    symbols.insert(symbols.end(), static_cast<size_t>(std::exchange(pending_unknown, 0)),
                   *unknown_);
  };
  while (!word.empty()) {
    const std::string_view c = word.substr(0, first_code_point(word).bytes);
    word.remove_prefix(c.size());
    const auto byte_id = [&](char byte) { return byte_fallback_[static_cast<uint8_t>(byte)]; };
    if (const auto id = vocabulary_.find(c)) {
      if (pending_unknown > 0) flush();
      symbols.push_back(*id);
    } else if (!byte_fallback_.empty() &&
               std::none_of(c.begin(), c.end(), [&](char b) { return byte_id(b) < 0; })) {
      std::transform(c.begin(), c.end(), std::back_inserter(symbols), byte_id);
    } else if (unknown_) {
      if (pending_unknown > 0 && !fuse_unknown_) flush();
      pending_unknown = 1;
    }
  }
  if (pending_unknown > 0) flush();
}

void Bpe::Encoder::encode(std::string_view word, std::vector<int32_t>& ids) {
  if (bpe_.ignore_merges_) {
    if (const auto id = bpe_.vocabulary_.find(word)) {
      ids.push_back(*id);
      return;
    }
  }
  if (const auto cached = cache_.find(word); cached != cache_.end()) {
    ids.insert(ids.end(), cached->second.begin(), cached->second.end());
    return;
  }
  ids_.clear();
  bpe_.append_symbols(word, ids_);
  merge_all(ids_);
  ids.insert(ids.end(), ids_.begin(), ids_.end());
  if (word.size() <= kMaxCachedBytes && cache_.size() < kMaxCachedWords) cache_.emplace(word, ids_);
}

namespace {

// For a heap with the smallest rank on top; of equals, the leftmost.
constexpr auto kLater = [](const auto& a, const auto& b) {
  return std::pair(a.rank, a.at) > std::pair(b.rank, b.at);
};

}  // namespace

void Bpe::Encoder::push_candidate(int32_t at) {
  const Symbol& left = symbols_[static_cast<size_t>(at)];
  if (left.next < 0) return;
  const int32_t right = symbols_[static_cast<size_t>(left.next)].id;
  const MergeTable::Merge* merge = bpe_.merges_.find(left.id, right);
  if (!merge) return;
  heap_.push_back({merge->rank, at, left.id, right});
  std::push_heap(heap_.begin(), heap_.end(), kLater);
}

// n log n: a linked list of symbols, and a heap of the pairs that can merge. A candidate whose
// symbols have changed since it was pushed is passed over.
void Bpe::Encoder::merge_all(std::vector<int32_t>& ids) {
  symbols_.clear();
  heap_.clear();
  const auto count = static_cast<int32_t>(ids.size());
  for (int32_t i = 0; i < count; ++i) {
    symbols_.push_back({ids[static_cast<size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1});
  }
  for (int32_t i = 0; i < count; ++i) push_candidate(i);
  while (!heap_.empty()) {
    const Candidate best = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), kLater);
    heap_.pop_back();
    Symbol& left = symbols_[static_cast<size_t>(best.at)];
    if (left.id != best.left || left.next < 0) continue;
    Symbol& right = symbols_[static_cast<size_t>(left.next)];
    if (right.id != best.right) continue;
    left.id = bpe_.merges_.find(best.left, best.right)->id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbols_[static_cast<size_t>(left.next)].previous = best.at;
    push_candidate(best.at);
    if (left.previous >= 0) push_candidate(left.previous);
  }
  ids.clear();
  for (const Symbol& symbol : symbols_) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace ferrum
