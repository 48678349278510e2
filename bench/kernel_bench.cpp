// Linear layers and attention of the CPU backend as shares of what the machine could do in the same
// moments: each short sample stands between two probes, and the median share of the samples is
// printed with the best rate. A rate alone says little on a shared machine.
//
//   kernel_bench [threads]      0, the default: all

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "backends/cpu/cpu_attention.h"
#include "backends/cpu/cpu_linear.h"
#include "backends/cpu/cpu_probe.h"
#include "backends/cpu/kernels/scalar_elements.h"

namespace ferrum {
namespace {

constexpr int kSamples = 9;
constexpr double kSampleSeconds = 0.05;

class OwnedStorage final : public Storage {
 public:
  explicit OwnedStorage(int64_t size)
      : Storage(std::malloc(static_cast<size_t>(size)), size, Device::cpu(), true) {}
  ~OwnedStorage() override { std::free(data()); }
};

// Elements in [-1, 1), repeated: the time of a product depends on none but subnormals.
Tensor filled(const Shape& shape, DataType dtype) {
  Tensor t(std::make_shared<OwnedStorage>(bytes_of(dtype, shape.numel())), shape, dtype);
  char* const to = static_cast<char*>(t.mutable_raw_data());
  const int64_t period = std::min<int64_t>(t.numel(), 65521);
  uint32_t state = 1;
  for (int64_t i = 0; i < period; ++i) {
    state = state * 1664525u + 1013904223u;
    cpu::store_element(to, dtype, i, static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
  }
  const int64_t bytes = bytes_of(dtype, period);
  for (int64_t at = bytes; at < t.size_bytes(); at += bytes) {
    std::memcpy(to + at, to, static_cast<size_t>(std::min(bytes, t.size_bytes() - at)));
  }
  return t;
}

Tensor integers(const std::vector<int32_t>& values, const Shape& shape) {
  Tensor t(std::make_shared<OwnedStorage>(shape.numel() * 4), shape, DataType::kI32);
  std::copy(values.begin(), values.end(), t.mutable_data<int32_t>());
  return t;
}

template <class Run>
double seconds_per_run(Run run) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  int runs = 0;
  double seconds = 0;
  do {
    run();
    ++runs;
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (seconds < kSampleSeconds);
  return seconds / runs;
}

struct Amounts { double flops, bytes; };

template <class Run>
void measure(const std::string& name, ThreadPool& pool, const Tensor& memory, DataType dtype,
             Amounts amounts, Run run) {
  const auto* const bytes = static_cast<const std::byte*>(memory.raw_data());
  const ProbeOptions options{.seconds = 0.01,
                             .samples = 2,
                             .memory = {bytes, static_cast<size_t>(memory.size_bytes())}};
  run();
  std::vector<double> flop_shares, byte_shares;
  double best = 1e30;
  MachineProbe before = probe_machine(pool, options);
  for (int i = 0; i < kSamples; ++i) {
    const double seconds = seconds_per_run(run);
    const MachineProbe after = probe_machine(pool, options);
    const auto peak = [&](const MachineProbe& p) {
      return dtype == DataType::kF32 ? p.f32_flops : p.bf16_flops;
    };
    const double read = (before.read_bytes_per_s + after.read_bytes_per_s) / 2;
    flop_shares.push_back(amounts.flops / seconds / ((peak(before) + peak(after)) / 2));
    byte_shares.push_back(amounts.bytes / seconds / read);
    best = std::min(best, seconds);
    before = after;
  }
  const auto median = [](std::vector<double>& v) {
    std::nth_element(v.begin(), v.begin() + kSamples / 2, v.end());
    return 100 * v[kSamples / 2];
  };
  std::printf("%-46s %9.3f ms %8.1f GFLOP/s %5.1f %% %7.2f GB/s %5.1f %%\n", name.c_str(),
              best * 1e3, amounts.flops / best * 1e-9, median(flop_shares),
              amounts.bytes / best * 1e-9, median(byte_shares));
  std::fflush(stdout);
}

void linear(ThreadPool& pool, const Tensor& memory, DataType dtype, int64_t tokens, int64_t out,
            int64_t in) {
  CpuLinearOps ops(pool, detect_isa());
  // Several layers in turn, so that no weight is in a cache when its turn comes.
  const int64_t layers = std::max<int64_t>(1, memory.size_bytes() / bytes_of(dtype, out * in));
  std::vector<std::unique_ptr<LinearWeight>> weights;
  for (int64_t i = 0; i < layers; ++i) {
    weights.push_back(ops.pack(Tensor(memory.storage(), {out, in}, dtype,
                                      i * bytes_of(dtype, out * in))));
  }
  const Tensor x = filled({tokens, in}, DataType::kF32);
  const Tensor y = filled({tokens, out}, DataType::kF32);
  size_t next = 0;
  const auto size = static_cast<double>(weights[0]->size_bytes());
  measure("linear " + std::string(to_string(dtype)) + " tokens " + std::to_string(tokens) + " [" +
              std::to_string(out) + ", " + std::to_string(in) + "]",
          pool, memory, dtype, {2.0 * static_cast<double>(tokens * out * in), size},
          [&] { ops.linear(x, *weights[next++ % weights.size()], Tensor(), y); });
}

void attention(ThreadPool& pool, const Tensor& memory, DataType dtype, int64_t queries,
               int64_t context) {
  constexpr int64_t kHeads = 32, kKvHeads = 8, kHeadDim = 64;
  CpuAttentionOps ops(pool, detect_isa());
  const int64_t blocks = (context + 15) / 16;
  const Tensor q = filled({queries, kHeads, kHeadDim}, DataType::kF32);
  const Tensor out = filled({queries, kHeads, kHeadDim}, DataType::kF32);
  const Tensor keys = filled({blocks, kKvHeads, 16, kHeadDim}, dtype);
  const Tensor values = filled({blocks, kKvHeads, 16, kHeadDim}, dtype);
  std::vector<int32_t> table(static_cast<size_t>(blocks));
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<int32_t>(i);
  PagedLayout layout;
  layout.query_start = integers({0, static_cast<int32_t>(queries)}, {2});
  layout.context_length = integers({static_cast<int32_t>(context)}, {1});
  layout.block_table = integers(table, {1, blocks});
  const auto pairs = static_cast<double>(queries * (context - queries)) +
                     static_cast<double>(queries * (queries + 1)) / 2;
  measure("attention " + std::string(to_string(dtype)) + " queries " + std::to_string(queries) +
              " context " + std::to_string(context),
          pool, memory, dtype,
          {4.0 * kHeads * kHeadDim * pairs, static_cast<double>(2 * keys.size_bytes())}, [&] {
            ops.paged_attention(q, keys, values, layout, {.scale = 0.125f}, out);
          });
}

void run_all(int threads) {
  ThreadPool pool(threads);
  const Tensor memory = filled({512 << 20}, DataType::kBF16);
  const auto* const bytes = static_cast<const std::byte*>(memory.raw_data());
  const MachineProbe probe =
      probe_machine(pool, {.memory = {bytes, static_cast<size_t>(memory.size_bytes())}});
  std::printf("%s\n", Json(probe).dump().c_str());
  std::printf("%-46s %12s %24s %20s\n", "", "best", "of the peak (median)", "of the bandwidth");
  for (int64_t tokens : {1, 2, 4, 8, 16, 32, 512}) {
    linear(pool, memory, DataType::kBF16, tokens, 8192, 2048);
  }
  linear(pool, memory, DataType::kBF16, 1, 2048, 8192);
  linear(pool, memory, DataType::kBF16, 512, 2048, 8192);
  linear(pool, memory, DataType::kF32, 1, 4096, 2048);
  linear(pool, memory, DataType::kF32, 512, 4096, 2048);
  for (DataType dtype : {DataType::kF32, DataType::kBF16}) {
    attention(pool, memory, dtype, 512, 512);
    attention(pool, memory, dtype, 512, 4096);
    attention(pool, memory, dtype, 1, 4096);
  }
}

}  // namespace
}  // namespace ferrum

int main(int argc, char** argv) {
  ferrum::run_all(argc > 1 ? std::atoi(argv[1]) : 0);
  return 0;
}
