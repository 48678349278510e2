#pragma once
// The options of every command that opens an engine.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/weight_options.h"
#include "ferrum/engine/engine.h"

namespace ferrum::cli {

struct EngineOptions {
  std::string dtype;  // empty: as stored
  std::string activations = "auto";
  std::string device;  // empty: the best backend that there is
  std::string isa;
  int64_t context = 0;
  int threads = 0;
  bool debug = false;
  WeightOptions weights;
};

void add_engine_options(CLI::App& command, EngineOptions& options);

// Throws UsageError for values that name nothing, or that no backend of this build takes.
EngineConfig to_engine_config(const EngineOptions& options, std::string model);

using EngineOpener = std::function<std::unique_ptr<Engine>(
    const EngineConfig&, std::stop_token, const std::function<void(const OpenProgress&)>&)>;

// Calls `open` with a progress line on a terminal and a stop token that Ctrl-C requests, and prints
// the engine's warnings; with enable_debug its memory plan too.
std::unique_ptr<Engine> open_engine(const EngineConfig& config,
                                    const EngineOpener& open = Engine::open);

}  // namespace ferrum::cli
