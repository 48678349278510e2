#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>

#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/validators.h"
#include "cli/weight_options.h"
#include "ferrum/engine/benchmark.h"
#include "ferrum/engine/random_engine.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"

namespace ferrum::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  ferrum bench path/to/model
  ferrum bench --shape llama-3.2-1b --dtype bf16   random weights: no download needed
  ferrum bench path/to/model --prompt 2048 --gen 64 --repeat 9 --json

Shares compare with limits that are probed between the samples of the same run: prefill with
the peak dot-product rate, decode with the read bandwidth of the memory.)";

struct BenchOptions {
  std::string model;
  std::string shape;
  bool json = false;
  BenchmarkOptions benchmark;
  EngineOptions engine;
};

std::string format(const char* pattern, double a, double b = 0, double c = 0) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), pattern, a, b, c);
  return text.data();
}

void print_table(const BenchmarkResult& r, const BenchOptions& o) {
  const MachineLimits& limits = r.probes.front();
  std::string text;
  text += format("prefill   %9.1f tok/s   %5.1f %% of the probed peak of ", r.prefill_tok_s,
                 100 * r.prefill_peak_share) +
          format("%.0f GFLOP/s (", limits.dot_flops_per_second / 1e9) + limits.dot_instruction +
          ")\n";
  text +=
      format("decode    %9.1f tok/s   %5.1f %% of the probed read bandwidth of %.1f GB/s\n",
             r.decode_tok_s, 100 * r.decode_bandwidth_share, limits.read_bytes_per_second / 1e9);
  text += format("first token after %.3f s of a %.0f-token prompt; loaded in %.2f s\n", r.ttft_s,
                 static_cast<double>(o.benchmark.prompt), r.load_s);
  text += "peak memory " + format_bytes(r.peak_rss_bytes) + "; weights, cache and workspace " +
          format_bytes(r.plan.total_bytes()) + "\n" + "weights in " +
          std::string(to_string(r.plan.weight_dtype)) + ", activations and cache in " +
          std::string(to_string(r.plan.activation_dtype)) + "\n";
  text += format("medians of %.0f samples\n", static_cast<double>(r.prefill_samples.size()));
  write_out(text);
}

// A cache for the samples alone, unless the user wants another.
EngineConfig config_of(const BenchOptions& o) {
  EngineConfig config = to_engine_config(o.engine, o.model);
  if (config.max_context == 0) {
    config.max_context = std::max(o.benchmark.prompt, o.benchmark.generate) + 1;
  }
  return config;
}

std::unique_ptr<Engine> open_subject(const BenchOptions& o) {
  const EngineConfig config = config_of(o);
  if (o.shape.empty()) return open_engine(config);
  return open_engine(config, [&](const auto& given, std::stop_token stop, const auto& progress) {
    return open_random_engine(o.shape, given, std::move(stop), progress);
  });
}

int bench(const BenchOptions& o) {
  if (!o.shape.empty() && !o.model.empty()) {
    throw UsageError("both a model and --shape were given", "Choose one of them.");
  }
  const auto start = std::chrono::steady_clock::now();
  const auto engine = open_subject(o);
  const std::chrono::duration<double> load = std::chrono::steady_clock::now() - start;

  std::stop_source stop;
  OnInterrupt on_interrupt([&] { stop.request_stop(); });
  ProgressLine line;
  const BenchmarkResult result = run_benchmark(*engine, o.benchmark, load.count(), stop.get_token(),
                                               [&](std::string_view stage) { line.show(stage); });
  line.clear();
  if (o.json) {
    write_json(result);
  } else {
    print_table(result, o);
  }
  return kDone;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto o = std::make_shared<BenchOptions>();
  CLI::App* command =
      app.add_subcommand("bench", "Measure prefill and decode against the machine's limits");
  command->add_option("MODEL", o->model, kModelHelp)
      ->check(not_empty());
  std::string shapes;
  for (const std::string& name : random_shapes()) shapes += (shapes.empty() ? "" : ", ") + name;
  command->add_option("--shape", o->shape, "Random weights of a known shape: " + shapes)
      ->check(CLI::IsMember(random_shapes()));
  command->add_option("--prompt", o->benchmark.prompt, "Tokens of a prefill sample")
      ->check(integer_in(1, 1 << 30))
      ->capture_default_str();
  command->add_option("--gen", o->benchmark.generate, "Tokens of a decode sample")
      ->check(integer_in(2, 1 << 20))
      ->capture_default_str();
  command->add_option("--repeat", o->benchmark.repeat, "Samples of each kind")
      ->check(integer_in(1, 1000))
      ->capture_default_str();
  command->add_flag("--json", o->json, "Print one JSON object");
  add_engine_options(*command, o->engine);
  command->footer(kExamples);
  command->callback([o, &action] { action = [o] { return bench(*o); }; });
}

}  // namespace ferrum::cli
