#include "backends/cpu/cpu_probe.h"

#include <gtest/gtest.h>

#include <vector>

namespace ferrum {
namespace {

TEST(CpuProbe, MeasuresEveryInstructionSet) {
  ThreadPool pool(2);
  const std::vector<std::byte> memory(16 << 20);
  for (const Isa isa : available_isas()) {
    const MachineProbe probe =
        probe_machine(pool, {.isa = isa, .seconds = 0.002, .samples = 1, .memory = memory});
    EXPECT_EQ(probe.threads, 2);
    EXPECT_EQ(probe.read_buffer_bytes, 16 << 20);
    EXPECT_GT(probe.read_bytes_per_s, 1e6);
    EXPECT_GT(probe.f32_flops, 1e6);
    EXPECT_GT(probe.bf16_flops, 1e6);
    EXPECT_FALSE(probe.f32_instruction.empty());
    EXPECT_FALSE(probe.bf16_instruction.empty());
    EXPECT_EQ(probe.int8_ops > 0, !probe.int8_instruction.empty());
    EXPECT_EQ(Json(probe).at("bf16_instruction"), probe.bf16_instruction);
  }
}

TEST(CpuProbe, BandwidthAloneLeavesArithmeticOut) {
  ThreadPool pool(1);
  const std::vector<std::byte> memory(4 << 20);
  const MachineProbe probe = probe_machine(
      pool, {.seconds = 0.002, .samples = 1, .arithmetic = false, .memory = memory});
  EXPECT_GT(probe.read_bytes_per_s, 0);
  EXPECT_EQ(probe.f32_flops, 0);
  EXPECT_TRUE(probe.bf16_instruction.empty());
}

}  // namespace
}  // namespace ferrum
