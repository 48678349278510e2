#pragma once
// What this machine can do right now: the limits that benchmarks compare themselves with.
//
// Shared machines change under a program within seconds, so a probe is short and meant to be taken
// before, between and after the samples of a benchmark.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "backends/cpu/cpu_features.h"
#include "ferrum/types/thread_pool.h"

namespace ferrum {

struct ProbeOptions {
  Isa isa = detect_isa();
  double seconds = 0.03;  // of one sample
  int samples = 4;        // the best one counts
  bool arithmetic = true; // false: read bandwidth alone
  // What to read: at least a mebibyte, and to be meaningful several times the last-level cache.
  std::span<const std::byte> memory{};
};

// Rates are sums over the threads of the pool.
struct MachineProbe {
  int threads = 0;
  double read_bytes_per_s = 0;
  int64_t read_buffer_bytes = 0;
  double f32_flops = 0;   // per second, a multiply-add being two
  double bf16_flops = 0;  // dot products; by f32 arithmetic where there is no instruction
  double int8_ops = 0;    // 0 without an instruction
  std::string f32_instruction, bf16_instruction, int8_instruction;
};
void to_json(Json& json, const MachineProbe& probe);

// Something to read: pages written once, so that each is backed by memory of its own. Filling them
// takes longer than a probe, so keep it while there are probes to come.
class ProbeMemory {
 public:
  static constexpr int64_t kBytes = int64_t{1} << 30;

  // Throws kResourceExhausted.
  explicit ProbeMemory(ThreadPool& pool);
  ~ProbeMemory();
  ProbeMemory(const ProbeMemory&) = delete;
  ProbeMemory& operator=(const ProbeMemory&) = delete;

  std::span<const std::byte> span() const {
    return {static_cast<const std::byte*>(data_), static_cast<size_t>(kBytes)};
  }

 private:
  void* data_;
};

// Occupies every thread of the pool for about seconds * samples * 4. Throws kInvalidArgument for
// too little memory to read.
MachineProbe probe_machine(ThreadPool& pool, const ProbeOptions& options);

}  // namespace ferrum
