// The price of one fork and join: an empty region, by number of threads.

#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

#include "ferrum/types/thread_pool.h"

namespace ferrum {
namespace {

void BM_EmptyRegion(benchmark::State& state) {
  ThreadPool pool(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    pool.run([](int) {});
  }
}
BENCHMARK(BM_EmptyRegion)->RangeMultiplier(2)->Range(1, 64)->UseRealTime();

// A region whose workers have gone to sleep: what the first region of a step costs.
void BM_RegionAfterSleep(benchmark::State& state) {
  ThreadPool pool(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto start = std::chrono::steady_clock::now();
    pool.run([](int) {});
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(elapsed.count());
  }
}
BENCHMARK(BM_RegionAfterSleep)->RangeMultiplier(2)->Range(2, 16)->UseManualTime();

}  // namespace
}  // namespace ferrum
