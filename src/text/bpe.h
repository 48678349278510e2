#pragma once
// Byte-pair encoding: the "model" of a tokenizer file (Sennrich et al., 2016).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer_json.h"
#include "text/vocabulary.h"

namespace ferrum {

// (left, right) -> the token they make; the lowest rank merges first.
class MergeTable {
 public:
  struct Merge {
    int32_t rank, id;
  };

  explicit MergeTable(size_t count);
  // The last merge of a pair counts.
  void insert(int32_t left, int32_t right, Merge merge);
  const Merge* find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t key;
    Merge merge;
  };
  size_t slot_of(uint64_t key) const;

  std::vector<Slot> slots_;
};

// Immutable and thread-safe; the state of one encoding is an Encoder.
class Bpe {
 public:
  class Encoder;

  // Throws kInvalidFormat or kUnsupported.
  explicit Bpe(TokenizerJson json);

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  void read_options(const Json& model);
  void read_merges(const StringList& merges);
  void append_symbols(std::string_view word, std::vector<int32_t>& symbols) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  bool ignore_merges_ = false;
  bool fuse_unknown_ = false;
  std::optional<int32_t> unknown_;
  // Tokens <0x00> to <0xFF>, -1 where missing; empty without byte fallback.
  std::vector<int32_t> byte_fallback_;
};

// Encodes words and remembers the short ones. For one thread.
class Bpe::Encoder {
 public:
  explicit Encoder(const Bpe& bpe) : bpe_(bpe) {}

  void encode(std::string_view word, std::vector<int32_t>& ids);

 private:
  struct Symbol {
    int32_t id;  // -1 once merged into its left neighbour
    int32_t previous, next;
  };
  struct Candidate {
    int32_t rank, at;  // where the left symbol stands
    int32_t left, right;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void merge_all(std::vector<int32_t>& ids);
  void push_candidate(int32_t at);

  const Bpe& bpe_;
  std::vector<int32_t> ids_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
  std::unordered_map<std::string, std::vector<int32_t>, Hash, std::equal_to<>> cache_;
};

}  // namespace ferrum
