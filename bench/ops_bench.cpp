// The cases of the conformance suite, timed: rates of arithmetic and memory per operation, dtype
// and shape, on the best instruction set of the machine. Filter with --benchmark_filter=<regex>.

#include <benchmark/benchmark.h>

#include "conformance/targets.h"

namespace ferrum::conformance {
namespace {

// What is smaller measures the call, not the loop.
constexpr double kSmallest = 1 << 16;

void run_case(benchmark::State& state, const OpCase& op_case, Kernels& kernels) {
  PreparedCase prepared(op_case, kernels);
  for (auto _ : state) prepared.run();
  const auto rate = [](double amount) {
    return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["bytes/s"] = rate(op_case.bytes);
  if (op_case.flops > 0) state.counters["flop/s"] = rate(op_case.flops);
}

}  // namespace
}  // namespace ferrum::conformance

int main(int argc, char** argv) {
  using namespace ferrum::conformance;
  benchmark::Initialize(&argc, argv);
  Target fastest;
  fastest.name = "cpu";
  RunningTarget target(fastest);
  const OpCases cases = all_cases();
  for (const OpCase& op_case : cases) {
    if (op_case.bytes < kSmallest) continue;
    benchmark::RegisterBenchmark(op_case.name.c_str(), [&](benchmark::State& state) {
      run_case(state, op_case, target.kernels());
    });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
