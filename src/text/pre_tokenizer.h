#pragma once
// The "pre_tokenizer" of a tokenizer file: text into the words that merges never cross.

#include <optional>
#include <variant>
#include <vector>

#include "ferrum/types/json.h"
#include "text/splitter.h"

namespace ferrum {

// Immutable and thread-safe.
class PreTokenizer {
 public:
  PreTokenizer() = default;  // one word

  // Throws kUnsupported for an unknown kind.
  static PreTokenizer parse(const Json& json);

  void apply(Pieces& pieces) const;

 private:
  // Splits with GPT-2's expression, if it has one, and writes the bytes in their alphabet.
  struct ByteLevel {
    bool add_prefix_space;
    std::optional<Splitter> splitter;
  };
  using Step = std::variant<Splitter, ByteLevel>;

  void add(const Json& json);
  static Splitter parse_split(JsonReader& reader);
  static ByteLevel parse_byte_level(JsonReader& reader);
  static void apply(const ByteLevel& step, Pieces& pieces);

  std::vector<Step> steps_;
};

}  // namespace ferrum
