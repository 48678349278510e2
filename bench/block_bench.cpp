// How fast blocks of GGUF are decoded to f32 on one thread, from and to memory that the caches do
// not hold; bytes per second count the f32 output. The limit is probed by filling the output.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ferrum/quant/block_type.h"

namespace ferrum {
namespace {

constexpr int64_t kElements = 1 << 24;  // 64 MiB of f32

void fill(benchmark::State& state) {
  std::vector<float> out(kElements);
  for (auto _ : state) {
    std::fill(out.begin(), out.end(), 1.0f);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kElements * 4);
}
BENCHMARK(fill)->Unit(benchmark::kMillisecond);

void decode(benchmark::State& state, const BlockType& type) {
  const int64_t count = kElements / type.elements;
  std::vector<std::byte> blocks(static_cast<size_t>(count * type.bytes));
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<std::byte>(i * 37 >> 3);
  std::vector<float> out(kElements);
  for (auto _ : state) {
    type.decode(blocks.data(), count, out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kElements * 4);
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const BlockType& type : block_types()) {
    benchmark::RegisterBenchmark(std::string(type.name).c_str(),
                                 [&type](benchmark::State& state) { decode(state, type); })
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace ferrum
