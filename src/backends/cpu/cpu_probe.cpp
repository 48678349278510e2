#include "backends/cpu/cpu_probe.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>

#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kChunk = int64_t{1} << 20;  // bytes read between two looks at the clock

// Units of work per second, all threads together, while each repeats `work` (which returns units)
// for `seconds`.
template <class Work>
double rate(ThreadPool& pool, double seconds, Work work) {
  std::mutex mutex;
  double total = 0;
  pool.run([&](int) {
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    double units = 0;
    auto now = begin;
    do {
      units += static_cast<double>(work());
      now = Clock::now();
    } while (now < end);
    const std::lock_guard lock(mutex);
    total += units / std::chrono::duration<double>(now - begin).count();
  });
  return total;
}

template <class Work>
double best_rate(ThreadPool& pool, const ProbeOptions& options, Work work) {
  double best = 0;
  for (int i = 0; i < options.samples; ++i) {
    best = std::max(best, rate(pool, options.seconds, work));
  }
  return best;
}

double read_rate(ThreadPool& pool, const ProbeOptions& options,
                 std::span<const std::byte> memory, const cpu::ProbeKernels& kernels) {
  const auto chunks = static_cast<int64_t>(memory.size()) / kChunk;
  std::atomic<int64_t> next{0};
  std::atomic<uint64_t> seen{0};
  return best_rate(pool, options, [&] {
    const int64_t chunk = next.fetch_add(1, std::memory_order_relaxed) % chunks;
    const uint64_t sum = kernels.read(memory.data() + chunk * kChunk, kChunk);
    seen.fetch_xor(sum, std::memory_order_relaxed);
    return kChunk;
  });
}

}  // namespace

ProbeMemory::ProbeMemory(ThreadPool& pool)
    : data_(mmap(nullptr, static_cast<size_t>(kBytes), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
  if (data_ == MAP_FAILED) {
    throw Error(ErrorCode::kResourceExhausted,
                "the probe could not map " + std::to_string(kBytes) + " bytes", "free memory");
  }
  madvise(data_, static_cast<size_t>(kBytes), MADV_HUGEPAGE);
  pool.parallel_for(kBytes, kChunk, [&](int64_t begin, int64_t end) {
    std::memset(static_cast<char*>(data_) + begin, 1, static_cast<size_t>(end - begin));
  });
}

ProbeMemory::~ProbeMemory() { munmap(data_, static_cast<size_t>(kBytes)); }

MachineProbe probe_machine(ThreadPool& pool, const ProbeOptions& options) {
  const cpu::ProbeKernels kernels = cpu::probe_kernels(options.isa);
  MachineProbe probe;
  probe.threads = pool.size();
  if (static_cast<int64_t>(options.memory.size()) < kChunk) {
    throw Error(ErrorCode::kInvalidArgument, "a probe needs at least a mebibyte of memory to read");
  }
  probe.read_bytes_per_s = read_rate(pool, options, options.memory, kernels);
  probe.read_buffer_bytes = static_cast<int64_t>(options.memory.size());
  if (!options.arithmetic) return probe;
  probe.f32_instruction = kernels.f32.instruction;
  probe.f32_flops = best_rate(pool, options, kernels.f32.run);
  probe.bf16_instruction = probe.f32_instruction;
  probe.bf16_flops = probe.f32_flops;
  if (kernels.bf16.run) {
    probe.bf16_instruction = kernels.bf16.instruction;
    probe.bf16_flops = best_rate(pool, options, kernels.bf16.run);
  }
  if (kernels.int8.run) {
    probe.int8_instruction = kernels.int8.instruction;
    probe.int8_ops = best_rate(pool, options, kernels.int8.run);
  }
  return probe;
}

void to_json(Json& json, const MachineProbe& p) {
  json = Json{{"threads", p.threads},
              {"read_bytes_per_s", p.read_bytes_per_s},
              {"read_buffer_bytes", p.read_buffer_bytes},
              {"f32_flops", p.f32_flops},
              {"f32_instruction", p.f32_instruction},
              {"bf16_flops", p.bf16_flops},
              {"bf16_instruction", p.bf16_instruction},
              {"int8_ops", p.int8_ops},
              {"int8_instruction", p.int8_instruction}};
}

}  // namespace ferrum
