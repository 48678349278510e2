#pragma once
// Streams one generation to standard output.

#include <string>

#include "ferrum/engine/engine.h"

namespace ferrum::cli {

struct Answer {
  std::string text;
  FinishReason finish = FinishReason::kStop;
  Usage usage;
};

// Returns when the generation has ended; Ctrl-C ends it early with kCancelled. `echo` is false
// where the caller prints the text itself. Throws the generation's error.
Answer stream_answer(Engine& engine, Request request, bool echo);

// "38 prompt tokens at 910 tok/s, 120 tokens at 21.3 tok/s, first token after 0.05 s".
std::string describe(const Usage& usage);

}  // namespace ferrum::cli
