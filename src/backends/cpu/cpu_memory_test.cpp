#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "backends/cpu/cpu_memory_manager.h"
#include "ferrum/types/host_memory.h"
#include "support/expect_error.h"

namespace ferrum {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class Memory {
 public:
  explicit Memory(const BackendMemoryConfig& config) : manager_(config) { manager_.start(); }
  std::shared_ptr<Storage> take(int64_t bytes, int64_t alignment = 0) {
    return manager_.allocate(Device::cpu(), bytes, alignment);
  }
  MemoryInfo info() const { return manager_.memory_info(Device::cpu()); }
  CpuMemoryManager* operator->() { return &manager_; }

 private:
  CpuMemoryManager manager_;
};

BackendMemoryConfig pool(MemoryGrowthStrategy strategy, int64_t size) {
  BackendMemoryConfig config;
  config.growth_strategy = strategy;
  config.pool_size = size;
  config.growth_step = kMiB;
  return config;
}

ErrorCode code_of(auto&& call) { return test::error_of(call).code(); }

TEST(CpuMemory, StaticPoolIsWholeFromTheStart) {
  Memory memory(pool(MemoryGrowthStrategy::kStatic, 8 * kMiB));
  EXPECT_EQ(memory.info().reserved, 8 * kMiB);
  EXPECT_EQ(memory.info().total, 8 * kMiB);
  {
    const auto all = memory.take(8 * kMiB);
    EXPECT_EQ(memory.info().free, 0);
    EXPECT_EQ(code_of([&] { memory.take(1); }), ErrorCode::kResourceExhausted);
  }
  const auto most = memory.take(7 * kMiB);
  EXPECT_EQ(memory.info().reserved, 8 * kMiB);
  EXPECT_EQ(memory.info().peak, 8 * kMiB);
}

TEST(CpuMemory, StaticPoolThatCannotBeHadFailsAtStart) {
  const int64_t too_much = query_host_memory().total_bytes * 2;
  CpuMemoryManager manager(pool(MemoryGrowthStrategy::kStatic, too_much));
  EXPECT_EQ(code_of([&] { manager.start(); }), ErrorCode::kResourceExhausted);
  BackendMemoryConfig no_size;
  no_size.growth_strategy = MemoryGrowthStrategy::kStatic;
  EXPECT_EQ(code_of([&] { check_memory_config(no_size); }), ErrorCode::kInvalidArgument);
}

TEST(CpuMemory, DynamicPoolGrowsUpToTheCap) {
  Memory memory(pool(MemoryGrowthStrategy::kDynamic, 16 * kMiB));
  EXPECT_EQ(memory.info().reserved, 0);
  auto first = memory.take(5 * kMiB);
  const int64_t reserved = memory.info().reserved;
  EXPECT_GE(reserved, 5 * kMiB);
  EXPECT_LT(reserved, 8 * kMiB);
  auto second = memory.take(10 * kMiB);
  EXPECT_EQ(code_of([&] { memory.take(2 * kMiB); }), ErrorCode::kResourceExhausted);
  first.reset();
  EXPECT_GE(memory.info().reserved, 15 * kMiB) << "freed blocks are kept for reuse";
  second.reset();
  // One allocation of all: the two empty regions must go first.
  const auto all = memory.take(16 * kMiB);
  EXPECT_EQ(memory.info().used, 16 * kMiB);
  EXPECT_LE(memory.info().reserved, 16 * kMiB);
}

TEST(CpuMemory, IncrementalPoolStaysOneStepAhead) {
  Memory memory(pool(MemoryGrowthStrategy::kIncremental, 4 * kMiB));
  EXPECT_EQ(memory.info().reserved, kMiB);
  const auto a = memory.take(kMiB / 2);
  EXPECT_EQ(memory.info().reserved, 2 * kMiB);
  const auto b = memory.take(kMiB + kMiB / 2);
  const MemoryInfo info = memory.info();
  EXPECT_EQ(info.reserved % kMiB, 0);
  EXPECT_GE(info.reserved - info.used, kMiB);
  const auto c = memory.take(kMiB);
  EXPECT_EQ(memory.info().reserved, 4 * kMiB);
  EXPECT_EQ(code_of([&] { memory.take(2 * kMiB); }), ErrorCode::kResourceExhausted);
}

TEST(CpuMemory, WithoutPoolingMemoryGoesBackAtOnce) {
  BackendMemoryConfig config = pool(MemoryGrowthStrategy::kDynamic, 64 * kMiB);
  config.enable_pooling = false;
  Memory memory(config);
  auto a = memory.take(3 * kMiB);
  auto b = memory.take(100);
  EXPECT_GE(memory.info().reserved, 3 * kMiB);
  a.reset();
  EXPECT_LT(memory.info().reserved, kMiB);
  b.reset();
  EXPECT_EQ(memory.info().reserved, 0);
}

TEST(CpuMemory, NeighboursCoalesceAndBlocksAlign) {
  Memory memory(pool(MemoryGrowthStrategy::kStatic, kMiB));
  std::vector<std::shared_ptr<Storage>> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(memory.take(kMiB / 16));
  for (const size_t i : {3, 5, 4, 0, 1, 15, 2, 14, 6}) blocks[i].reset();
  EXPECT_NO_THROW(blocks[0] = memory.take(7 * kMiB / 16));
  blocks.clear();
  for (const int64_t alignment : {64, 256, 4096, 65536}) {
    blocks.push_back(memory.take(100, alignment));
    EXPECT_EQ(
        reinterpret_cast<uintptr_t>(blocks.back()->data()) % static_cast<uintptr_t>(alignment), 0u);
  }
  EXPECT_EQ(memory.info().used, 4 * 128);
  EXPECT_EQ(memory.info().allocations, 4);
  blocks.clear();
  EXPECT_NO_THROW(memory.take(kMiB));
  Memory wide(pool(MemoryGrowthStrategy::kDynamic, 64 * kMiB));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(wide.take(10, 8 * kMiB)->data()) % (8 * kMiB), 0u);
}

TEST(CpuMemory, RefusesNonsense) {
  Memory memory(pool(MemoryGrowthStrategy::kDynamic, kMiB));
  EXPECT_EQ(code_of([&] { memory.take(-1); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { memory.take(1, 3); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { memory.take(INT64_MAX); }), ErrorCode::kResourceExhausted);
  EXPECT_EQ(code_of([&] { memory->allocate(Device{"cuda", 0}, 1); }), ErrorCode::kUnsupported);
  EXPECT_NE(memory.take(0)->data(), nullptr);
}

TEST(CpuMemory, CopiesAreCheckedAndReal) {
  Memory memory(pool(MemoryGrowthStrategy::kDynamic, kMiB));
  const auto a = memory.take(256);
  const auto b = memory.take(256);
  for (int i = 0; i < 256; ++i) static_cast<uint8_t*>(a->data())[i] = static_cast<uint8_t>(i);
  std::memset(b->data(), 0xff, 256);
  memory->copy(*a, 16, *b, 32, 100);
  const auto* bytes = static_cast<const uint8_t*>(b->data());
  EXPECT_EQ(bytes[31], 0xff);
  EXPECT_EQ(bytes[32], 16);
  EXPECT_EQ(bytes[131], 115);
  EXPECT_EQ(bytes[132], 0xff);
  EXPECT_EQ(code_of([&] { memory->copy(*a, 200, *b, 0, 57); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { memory->copy(*a, 0, *b, -1, 5); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { memory->copy(*a, 0, *a, 10, 20); }), ErrorCode::kInvalidArgument);
  EXPECT_NO_THROW(memory->copy(*a, 0, *a, 20, 20));
}

TEST(CpuMemory, StreamsKeepOrderAndStorages) {
  Memory memory(pool(MemoryGrowthStrategy::kDynamic, 64 * kMiB));
  const StreamHandle stream = memory->create_stream(Device::cpu());
  auto source = memory.take(kMiB);
  const auto middle = memory.take(kMiB);
  const auto target = memory.take(kMiB);
  std::memset(source->data(), 7, kMiB);
  for (int i = 0; i < 20; ++i) {
    memory->copy_async(source, 0, middle, 0, kMiB, stream);
    memory->copy_async(middle, 0, target, 0, kMiB, stream);
  }
  source.reset();  // the queue keeps it
  memory->synchronize(stream);
  EXPECT_EQ(static_cast<const uint8_t*>(target->data())[kMiB - 1], 7);
  EXPECT_EQ(memory.info().allocations, 2) << "the queue let go of the source";
  memory->copy_async(target, 0, middle, 0, 10, 0);
  memory->synchronize(0);
  memory->destroy_stream(stream);
  EXPECT_EQ(code_of([&] { memory->synchronize(stream); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { memory->destroy_stream(0); }), ErrorCode::kInvalidArgument);
}

TEST(CpuMemory, ReportsPressureOnChanges) {
  Memory memory(pool(MemoryGrowthStrategy::kStatic, kMiB));
  std::vector<MemoryPressure> seen;
  memory->set_pressure_callback([&](const Device& device, MemoryPressure pressure) {
    EXPECT_TRUE(device.is_cpu());
    seen.push_back(pressure);
    (void)memory.info();  // no lock is held
  });
  std::vector<std::shared_ptr<Storage>> blocks;
  for (int i = 0; i < 100; ++i) blocks.push_back(memory.take(kMiB / 100 / 64 * 64));
  using enum MemoryPressure;
  EXPECT_EQ(seen, (std::vector{kMedium, kHigh, kCritical}));
  blocks.clear();
  EXPECT_EQ(seen, (std::vector{kMedium, kHigh, kCritical, kHigh, kMedium, kLow}));
  memory->set_pressure_callback({});
  const auto all = memory.take(kMiB);
  EXPECT_EQ(seen.size(), 6u);
}

TEST(CpuMemory, ConfigurePoolNeedsAnEmptyOne) {
  Memory memory(pool(MemoryGrowthStrategy::kDynamic, kMiB));
  auto live = memory.take(10);
  const BackendMemoryConfig next = pool(MemoryGrowthStrategy::kStatic, 2 * kMiB);
  EXPECT_EQ(code_of([&] { memory->configure_pool(next); }), ErrorCode::kFailedState);
  live.reset();
  const auto too_much = pool(MemoryGrowthStrategy::kStatic, query_host_memory().total_bytes * 2);
  EXPECT_EQ(code_of([&] { memory->configure_pool(too_much); }), ErrorCode::kResourceExhausted);
  EXPECT_EQ(memory.info().total, kMiB) << "the old pool stays";
  memory->configure_pool(next);
  EXPECT_EQ(memory.info().reserved, 2 * kMiB);
}

TEST(CpuMemory, SurvivesManyThreads) {
  Memory memory(pool(MemoryGrowthStrategy::kDynamic, 32 * kMiB));
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      std::vector<std::shared_ptr<Storage>> held(16);
      for (int i = 0; i < 2000; ++i) {
        auto& slot = held[random() % held.size()];
        slot.reset();
        try {
          slot = memory.take(static_cast<int64_t>(random() % kMiB));
          std::memset(slot->data(), static_cast<int>(t), static_cast<size_t>(slot->size()));
        } catch (const Error&) {
          ++refused;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(memory.info().used, 0);
  EXPECT_EQ(memory.info().allocations, 0);
  EXPECT_NO_THROW(memory.take(32 * kMiB));
}

}  // namespace
}  // namespace ferrum
