#pragma once
// From one request's tokens to the text its reader gets: whole characters, cut at stop strings.

#include <optional>
#include <string>
#include <vector>

#include "engine/stop_matcher.h"
#include "ferrum/text/detokenizer.h"

namespace ferrum {

class TextStream {
 public:
  // Without a tokenizer there is no text. Borrows it.
  TextStream(const Tokenizer* tokenizer, std::vector<std::string> stop)
      : matcher_(std::move(stop)) {
    if (tokenizer) detokenizer_.emplace(*tokenizer);
  }

  std::string push(int32_t token) {
    return detokenizer_ ? matcher_.push(detokenizer_->push(token)) : std::string();
  }
  std::string finish() {
    if (!detokenizer_) return {};
    std::string text = matcher_.push(detokenizer_->finish());
    return text + matcher_.finish();
  }
  bool stopped() const { return matcher_.stopped(); }

 private:
  std::optional<StreamDetokenizer> detokenizer_;
  StopMatcher matcher_;
};

}  // namespace ferrum
