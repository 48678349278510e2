#pragma once
// Ids to text while they are generated.

#include <cstdint>
#include <memory>
#include <string>

#include "ferrum/text/tokenizer.h"

namespace ferrum {

// Text comes out as soon as later ids cannot change it: every push returns whole characters, and
// all pushes and the final finish() together equal Tokenizer::decode of all ids.
// Not thread-safe; borrows the tokenizer.
class StreamDetokenizer {
 public:
  explicit StreamDetokenizer(const Tokenizer& tokenizer, bool skip_special_tokens = true);
  ~StreamDetokenizer();
  StreamDetokenizer(StreamDetokenizer&&) noexcept;
  StreamDetokenizer& operator=(StreamDetokenizer&&) noexcept;

  std::string push(int32_t id);

  // What was held back; afterwards the detokenizer is as new.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ferrum
