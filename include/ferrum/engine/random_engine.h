#pragma once
// Engines with random weights of well-known shapes, so that a machine's speed can be learned
// before a download. They have no tokenizer: requests are made of token ids.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/engine/engine.h"

namespace ferrum {

// "llama-3.2-1b", ...
std::vector<std::string> random_shapes();

// As Engine::open, with weights made in memory in config.dtype (bf16 when absent). Throws
// kNotFound for an unknown shape, with the list of known ones.
std::unique_ptr<Engine> open_random_engine(
    std::string_view shape, const EngineConfig& config, std::stop_token stop = {},
    const std::function<void(const OpenProgress&)>& progress = {});

}  // namespace ferrum
