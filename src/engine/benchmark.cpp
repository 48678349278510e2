#include "ferrum/engine/benchmark.h"

#include <algorithm>
#include <random>
#include <utility>

#include "ferrum/types/host_memory.h"

namespace ferrum {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Random ids: with equal ones an attention kernel could meet a softmax of equal scores only.
std::vector<int32_t> random_tokens(int64_t count, int64_t vocab_size, uint32_t seed) {
  std::minstd_rand random(seed + 1);
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(random() % static_cast<uint64_t>(vocab_size));
  }
  return tokens;
}

Usage run_sample(Engine& engine, int64_t prompt, int64_t generate, uint32_t seed,
                 const std::stop_token& stop) {
  Request request;
  request.tokens = random_tokens(prompt, engine.model_info().vocab_size, seed);
  request.sampling.temperature = 0;
  request.sampling.max_tokens = generate;
  request.sampling.ignore_end = true;
  const auto generation = engine.submit(std::move(request));
  const std::stop_callback cancel(stop, [&] { generation->cancel(); });
  while (generation->next()) {
  }
  if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "the benchmark was stopped");
  return generation->usage();
}

void check_fits(const Engine& engine, const BenchmarkOptions& options) {
  const int64_t needed = std::max(options.prompt + 1, options.generate + 1);
  const int64_t context = engine.memory_plan().context_tokens;
  if (options.prompt < 1 || options.generate < 2 || options.repeat < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "a benchmark needs a prompt of at least 1 token, 2 generated tokens, 1 sample");
  }
  if (needed > context) {
    throw Error(ErrorCode::kInvalidArgument,
                "samples of " + std::to_string(needed) + " tokens do not fit the context of " +
                    std::to_string(context),
                "choose a smaller prompt, or a larger context");
  }
}

}  // namespace

double prefill_flops(const ModelInfo& info, int64_t tokens) {
  const double t = static_cast<double>(tokens);
  const double head = static_cast<double>(info.vocab_size * info.hidden_size);
  const double body = static_cast<double>(info.parameters - info.lookup_parameters) - head;
  // Sum over the tokens of the positions each one sees.
  const double window =
      info.sliding_window > 0 ? std::min(t, static_cast<double>(info.sliding_window)) : t;
  const double seen = window * (window + 1) / 2 + (t - window) * window;
  const double attention =
      4.0 * static_cast<double>(info.layers * info.heads * info.head_dim) * seen;
  return 2 * body * t + 2 * head + attention;
}

double decode_bytes(const Engine& engine, int64_t context) {
  const ModelInfo& info = engine.model_info();
  const MemoryPlan& plan = engine.memory_plan();
  const double read = static_cast<double>(info.parameters - info.lookup_parameters) /
                      static_cast<double>(info.parameters);
  return static_cast<double>(plan.weight_bytes) * read +
         static_cast<double>(plan.kv_bytes_per_token * context);
}

BenchmarkResult run_benchmark(Engine& engine, const BenchmarkOptions& options, double load_seconds,
                              std::stop_token stop,
                              const std::function<void(std::string_view)>& progress) {
  check_fits(engine, options);
  const auto say = [&](const std::string& stage) {
    if (progress) progress(stage);
  };
  BenchmarkResult result;
  result.load_s = load_seconds;
  result.plan = engine.memory_plan();
  // The first use of mapped weights reads them from the disk: not what is measured.
  say("warming up");
  run_sample(engine, options.prompt, 2, 0, stop);
  run_sample(engine, 1, options.generate, 0, stop);
  // Before the probes, which want memory of their own.
  result.peak_rss_bytes = peak_rss_bytes();

  std::vector<double> first_token, peak_shares, bandwidth_shares;
  result.probes.push_back(engine.measure_limits());
  for (int i = 0; i < options.repeat; ++i) {
    say("sample " + std::to_string(i + 1) + " of " + std::to_string(options.repeat));
    const auto seed = static_cast<uint32_t>(i + 1);
    const Usage prefill = run_sample(engine, options.prompt, 1, seed, stop);
    result.probes.push_back(engine.measure_limits());
    const Usage decode = run_sample(engine, 1, options.generate, seed, stop);
    result.probes.push_back(engine.measure_limits());

    const MachineLimits& before = result.probes[result.probes.size() - 3];
    const MachineLimits& between = result.probes[result.probes.size() - 2];
    const MachineLimits& after = result.probes[result.probes.size() - 1];
    const double peak = (before.dot_flops_per_second + between.dot_flops_per_second) / 2;
    const double bandwidth = (between.read_bytes_per_second + after.read_bytes_per_second) / 2;

    result.prefill_samples.push_back(static_cast<double>(options.prompt) / prefill.prefill_seconds);
    peak_shares.push_back(prefill_flops(engine.model_info(), options.prompt) /
                          prefill.prefill_seconds / peak);
    first_token.push_back(prefill.queue_seconds + prefill.prefill_seconds);

    const double steps = static_cast<double>(options.generate - 1);
    result.decode_samples.push_back(steps / decode.decode_seconds);
    bandwidth_shares.push_back(decode_bytes(engine, options.generate / 2) * steps /
                               decode.decode_seconds / bandwidth);
  }
  result.prefill_tok_s = median(result.prefill_samples);
  result.decode_tok_s = median(result.decode_samples);
  result.prefill_peak_share = median(peak_shares);
  result.decode_bandwidth_share = median(bandwidth_shares);
  result.ttft_s = median(first_token);
  return result;
}

void to_json(Json& json, const BenchmarkResult& r) {
  json = Json{{"prefill_tok_s", r.prefill_tok_s},
              {"decode_tok_s", r.decode_tok_s},
              {"prefill_peak_share", r.prefill_peak_share},
              {"decode_bandwidth_share", r.decode_bandwidth_share},
              {"load_s", r.load_s},
              {"ttft_s", r.ttft_s},
              {"peak_rss_bytes", r.peak_rss_bytes},
              {"plan", r.plan},
              {"probes", r.probes},
              {"prefill_samples", r.prefill_samples},
              {"decode_samples", r.decode_samples}};
}

}  // namespace ferrum
