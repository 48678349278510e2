#pragma once
// The options by which a user overrides a model's default sampling.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "ferrum/engine/sampling_params.h"

namespace ferrum::cli {

struct SamplingOptions {
  std::optional<int64_t> max_tokens;
  std::optional<float> temperature;
  std::optional<int32_t> top_k;
  std::optional<float> top_p;
  std::optional<float> min_p;
  std::optional<float> typical_p;
  std::optional<float> repetition_penalty;
  std::optional<float> presence_penalty;
  std::optional<float> frequency_penalty;
  std::optional<uint64_t> seed;
  std::vector<std::string> logit_bias;  // ID=BIAS
  std::vector<std::string> stop;
  bool ignore_end = false;
};

void add_sampling_options(CLI::App& command, SamplingOptions& options);

// Throws UsageError for values that no model takes, before anything is loaded.
void check(const SamplingOptions& options);

// `params` are the model's defaults; what the user gave replaces them.
void apply(const SamplingOptions& options, SamplingParams& params);

}  // namespace ferrum::cli
