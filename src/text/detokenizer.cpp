#include "ferrum/text/detokenizer.h"

#include "text/tokenizer_parts.h"

namespace ferrum {

struct StreamDetokenizer::State {
  const Tokenizer::Parts& parts;
  bool skip_special_tokens;
  TokenDecoder decoder = parts.decoder;
};

StreamDetokenizer::StreamDetokenizer(const Tokenizer& tokenizer, bool skip_special_tokens)
    : state_(new State{*tokenizer.parts_, skip_special_tokens}) {}
StreamDetokenizer::~StreamDetokenizer() = default;
StreamDetokenizer::StreamDetokenizer(StreamDetokenizer&&) noexcept = default;
StreamDetokenizer& StreamDetokenizer::operator=(StreamDetokenizer&&) noexcept = default;

std::string StreamDetokenizer::push(int32_t id) {
  std::string out;
  state_->parts.decode_one(id, state_->skip_special_tokens, state_->decoder, out);
  return out;
}

std::string StreamDetokenizer::finish() {
  std::string out;
  state_->decoder.finish(out);
  state_->decoder = state_->parts.decoder;
  return out;
}

}  // namespace ferrum
