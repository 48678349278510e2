#pragma once
// A conversation on the terminal: history, line editing, Ctrl-C stops the answer.

#include <string>

#include "cli/sampling_options.h"
#include "ferrum/engine/engine.h"

namespace ferrum::cli {

struct ChatOptions {
  std::string system;
  bool raw = false;    // continue each line as plain text, without a chat template
  bool stats = false;  // print the speed after each answer
};

// Returns the exit code when the user leaves.
int chat(Engine& engine, const ChatOptions& options, const SamplingOptions& sampling);

}  // namespace ferrum::cli
