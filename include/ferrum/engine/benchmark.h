#pragma once
// How fast an engine is, as a share of what its machine can do at most.
//
// Shared machines change from second to second, so the limits are probed before, between and after
// short samples of one run, each sample is compared with the probes around it, and medians are
// reported. A raw tokens/s says little without its share.

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "ferrum/backends/machine_limits.h"
#include "ferrum/engine/engine.h"

namespace ferrum {

struct BenchmarkOptions {
  int64_t prompt = 512;   // tokens of a prefill sample
  int64_t generate = 32;  // tokens of a decode sample
  int repeat = 5;
};

struct BenchmarkResult {
  double prefill_tok_s = 0;  // medians over the samples
  double decode_tok_s = 0;
  double prefill_peak_share = 0;        // FLOP/s of the sample / probed dot-product peak
  double decode_bandwidth_share = 0;    // bytes/s of the sample / probed read bandwidth
  double load_s = 0;                    // Engine::open
  double ttft_s = 0;                    // median of submit to first token, over the prefill samples
  int64_t peak_rss_bytes = 0;           // after a warm-up of both samples, before the first probe
  MemoryPlan plan;                      // of the engine: dtypes and bytes
  std::vector<MachineLimits> probes;    // in order; the first is before the first sample
  std::vector<double> prefill_samples;  // tokens/s
  std::vector<double> decode_samples;
};
void to_json(Json& json, const BenchmarkResult& result);

// Floating-point operations of the prefill of one sequence of `tokens` tokens: two per weight of
// every linear layer and token (the output layer for the last token alone), and the causal half
// of the attention products.
double prefill_flops(const ModelInfo& info, int64_t tokens);

// Bytes that one decode step of one sequence must read: every weight but the rows of the embedding
// that are not looked up, and the cached keys and values of `context` tokens.
double decode_bytes(const Engine& engine, int64_t context);

// Runs with random token ids, greedily, end tokens ignored. `load_seconds` is what opening the
// engine took. `progress` is called before each sample. Throws kInvalidArgument when prompt or
// generate do not fit the context.
BenchmarkResult run_benchmark(Engine& engine, const BenchmarkOptions& options, double load_seconds,
                              std::stop_token stop = {},
                              const std::function<void(std::string_view)>& progress = {});

}  // namespace ferrum
