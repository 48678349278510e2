#pragma once
// The options of every command that opens an engine.

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "ferrum/engine/engine.h"

namespace ferrum::cli {

struct EngineOptions {
  std::string dtype;  // empty: as stored
  std::string activations = "f32";
  std::string device;  // empty: the best backend that there is
  std::string isa;
  int64_t context = 0;
  int threads = 0;
  bool debug = false;
};

void add_engine_options(CLI::App& command, EngineOptions& options);

// Throws UsageError for values that name nothing.
EngineConfig to_engine_config(const EngineOptions& options, std::string model);

// Opens the engine, with a progress line on a terminal and the engine's warnings on standard
// error. Ctrl-C stops it.
std::unique_ptr<Engine> open_engine(const EngineConfig& config);

}  // namespace ferrum::cli
