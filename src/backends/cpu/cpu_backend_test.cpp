#include "backends/cpu/cpu_backend.h"
#include "support/expect_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>

namespace ferrum {
namespace {

using test::error_of;
using testing::HasSubstr;

const Device kCpu = Device::cpu();

std::unique_ptr<CpuBackend> make(const BackendConfig& config = BackendConfig()) {
  return std::make_unique<CpuBackend>(read_cpu_options(config));
}

TEST(CpuBackend, LifeCycle) {
  const auto backend = make();
  EXPECT_FALSE(backend->status().is_initialized);
  EXPECT_THAT(error_of([&] { backend->tensor_factory().zeros({1}, DataType::kF32, kCpu); }).what(),
              HasSubstr("created"));
  backend->initialize(kCpu);
  backend->initialize(kCpu);
  EXPECT_TRUE(backend->status().is_ready);
  Tensor kept = backend->tensor_factory().ones({3}, DataType::kF32, kCpu);
  backend->shutdown();
  backend->shutdown();
  EXPECT_EQ(kept.data<float>()[2], 1) << "tensors outlive shutdown";
  const Error refused = error_of([&] { backend->tensor_ops().relu(kept, kept); });
  EXPECT_EQ(refused.code(), ErrorCode::kFailedState);
  EXPECT_THAT(refused.what(), HasSubstr("shut down"));
  EXPECT_EQ(backend->status().backend_specific.at("state"), "shut down");
  backend->initialize(kCpu);
  backend->tensor_ops().relu(kept, kept);
  EXPECT_EQ(backend->status().operations_completed, 1u) << "counted since initialize";
}

TEST(CpuBackend, FailedInitializeMayBeTriedAgain) {
  const auto backend = make();
  EXPECT_EQ(error_of([&] {
              backend->initialize(Device{"cuda", 0});
            }).code(),
            ErrorCode::kUnsupported);
  EXPECT_EQ(backend->status().backend_specific.at("state"), "failed");
  backend->initialize(kCpu);
  EXPECT_TRUE(backend->status().is_ready);
}

TEST(CpuBackend, StatusIsLive) {
  const auto backend = make();
  backend->initialize(kCpu);
  const Tensor a = backend->tensor_factory().ones({1000}, DataType::kF32, kCpu);
  EXPECT_GE(backend->status().memory_usage.at(kCpu), 4000);
  EXPECT_FALSE(backend->status().last_error);
  EXPECT_THROW(backend->tensor_ops().add(a, a, Tensor()), Error);
  EXPECT_THAT(backend->status().last_error.value(), HasSubstr("add: "));
  EXPECT_EQ(backend->status().operations_completed, 0u);
  backend->kernel_ops()->activation()->gelu_tanh(a, a);
  EXPECT_EQ(backend->status().operations_completed, 1u);
}

TEST(CpuBackend, DebugNamesTheFirstBadElement) {
  BackendConfig config;
  config.enable_debug = true;
  const auto backend = make(config);
  backend->initialize(kCpu);
  const Tensor a = backend->tensor_factory().ones({2, 3}, DataType::kBF16, kCpu);
  const Tensor b = backend->tensor_factory().ones({2, 3}, DataType::kBF16, kCpu);
  backend->tensor_ops().div(a, b, a);
  b.mutable_data<BFloat16>()[4] = to_bfloat16(0);
  const Error error = error_of([&] { backend->tensor_ops().div(a, b, a); });
  EXPECT_THAT(error.what(), HasSubstr("div: "));
  EXPECT_THAT(error.what(), HasSubstr("[1, 1]"));
}

TEST(CpuBackend, OptionsAreValidated) {
  const auto refused = [](auto&& change) {
    BackendConfig config;
    change(config);
    return std::string(error_of([&] { read_cpu_options(config); }).what());
  };
  EXPECT_THAT(refused([](auto& c) { c.backend_options = {{"speed", 9}}; }), HasSubstr("speed"));
  EXPECT_THAT(refused([](auto& c) { c.backend_options = {{"isa", "mmx"}}; }), HasSubstr("scalar"));
  EXPECT_THAT(refused([](auto& c) {
                c.backend_options = {{"threads", -1}};
              }),
              HasSubstr("threads"));
  EXPECT_THAT(refused([](auto& c) { c.optimization_level = 4; }), HasSubstr("optimization_level"));
  EXPECT_THAT(refused([](auto& c) { c.device = Device{"cuda", 0}; }), HasSubstr("cuda:0"));
  EXPECT_THAT(refused([](auto& c) { c.memory_config.alignment = 48; }), HasSubstr("alignment"));
  EXPECT_THAT(refused([](auto& c) { c.memory_config.pool_size = 0; }), HasSubstr("pool_size"));
  BackendConfig scalar;
  scalar.optimization_level = 0;
  EXPECT_EQ(read_cpu_options(scalar).isa, Isa::kScalar);
  EXPECT_THAT(make(scalar)->version(), HasSubstr("scalar"));
}

TEST(CpuBackend, MultipliesBf16NativelyByInstructionsMadeForIt) {
  for (const Isa isa : available_isas()) {
    BackendConfig config;
    config.backend_options = {{"isa", to_string(isa)}};
    EXPECT_EQ(make(config)->capabilities().supports_native_bf16, isa >= Isa::kAvx512Bf16)
        << to_string(isa);
  }
}

TEST(CpuBackend, ThreadsShareIt) {
  const auto backend = make();
  backend->initialize(kCpu);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const Tensor a = backend->tensor_factory().ones({40000}, DataType::kF32, kCpu);
        backend->tensor_ops().add(a, a, a);
        ASSERT_EQ(a.data<float>()[39999], 2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(backend->status().operations_completed, 200u);
}

TEST(CpuBackend, ShutdownWaitsForCallsInFlight) {
  const auto backend = make();
  backend->initialize(kCpu);
  const Tensor a = backend->tensor_factory().ones({200000}, DataType::kF32, kCpu);
  std::thread caller([&] {
    try {
      for (;;) backend->tensor_ops().gelu(a, a);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kFailedState);
    }
  });
  while (backend->status().operations_completed < 3) std::this_thread::yield();
  backend->shutdown();
  caller.join();
}

class Factory : public testing::Test {
 protected:
  Factory() { backend_->initialize(kCpu); }
  TensorFactory& factory() { return backend_->tensor_factory(); }
  std::unique_ptr<CpuBackend> backend_ = make();
};

TEST_F(Factory, PlaceAliases) {
  const Tensor host = factory().zeros({4}, DataType::kBF16, kCpu);
  EXPECT_EQ(factory().place(host, kCpu).raw_data(), host.raw_data());
  EXPECT_NE(factory().to_device(host, kCpu).raw_data(), host.raw_data());
}

TEST_F(Factory, OnesOfEveryDtype) {
  for (const DataType dtype : backend_->capabilities().supported_dtypes) {
    const Tensor ones = factory().ones({5}, dtype, kCpu);
    const Tensor floats = factory().empty({5}, DataType::kF32, kCpu);
    backend_->tensor_ops().cast(ones, floats);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(floats.data<float>()[i], 1) << to_string(dtype);
  }
  EXPECT_EQ(error_of([&] { factory().ones({4}, DataType::kI4, kCpu); }).code(),
            ErrorCode::kUnsupported);
  EXPECT_EQ(factory().zeros({3}, DataType::kI4, kCpu).size_bytes(), 2);
}

TEST_F(Factory, RandomNumbersAreTheSameForAnyThreadsAndIsa) {
  const Tensor expected = factory().normal({100003}, DataType::kBF16, kCpu, 0, 1, 42);
  for (const Isa isa : available_isas()) {
    for (const int threads : {1, 3}) {
      BackendConfig config;
      config.backend_options = {{"isa", to_string(isa)}, {"threads", threads}};
      const auto other = make(config);
      other->initialize(kCpu);
      const Tensor drawn =
          other->tensor_factory().normal({100003}, DataType::kBF16, kCpu, 0, 1, 42);
      EXPECT_EQ(std::memcmp(drawn.raw_data(), expected.raw_data(), 200006), 0) << to_string(isa);
    }
  }
}

TEST_F(Factory, RandomNumbersFollowTheirDistribution) {
  constexpr int64_t kCount = 1 << 20;
  const Tensor normal = factory().normal({kCount}, DataType::kF32, kCpu, 1, 2, 3);
  double mean = 0, square = 0, fourth = 0;
  int64_t beyond = 0;  // two deviations
  for (int64_t i = 0; i < kCount; ++i) {
    const double z = (static_cast<double>(normal.data<float>()[i]) - 1) / 2;
    mean += z / kCount;
    square += z * z / kCount;
    fourth += z * z * z * z / kCount;
    beyond += std::fabs(z) > 2;
  }
  EXPECT_NEAR(mean, 0, 0.005);
  EXPECT_NEAR(square, 1, 0.007);
  EXPECT_NEAR(fourth, 3, 0.05);
  EXPECT_NEAR(static_cast<double>(beyond) / kCount, 0.0455, 0.001);

  std::vector<int> histogram(16);
  for (const DataType dtype : {DataType::kF32, DataType::kF16, DataType::kBF16}) {
    const Tensor drawn = factory().uniform({kCount}, dtype, kCpu, -1, 3, 9);
    const Tensor uniform = factory().empty({kCount}, DataType::kF32, kCpu);
    backend_->tensor_ops().cast(drawn, uniform);
    for (int64_t i = 0; i < kCount; ++i) {
      const float x = uniform.data<float>()[i];
      ASSERT_GE(x, -1);
      ASSERT_LT(x, 3) << to_string(dtype);
      if (dtype == DataType::kF32) ++histogram[static_cast<size_t>((x + 1) * 4)];
    }
  }
  for (const int count : histogram) EXPECT_NEAR(count, kCount / 16, 1200);
}

TEST_F(Factory, CastRoundsOnceAndSaturates) {
  const auto cast = [&]<class From, class To>(From from, To) {
    const Tensor x = factory().from_values(std::span<const From>(&from, 1), {1}, kCpu);
    const Tensor out = factory().empty({1}, dtype_of<To>(), kCpu);
    backend_->tensor_ops().cast(x, out);
    return out.data<To>()[0];
  };
  EXPECT_EQ(cast(-3.9f, int8_t{}), -3);
  EXPECT_EQ(cast(300.0f, int8_t{}), 127);
  EXPECT_EQ(cast(-1.0f, uint8_t{}), 0);
  EXPECT_EQ(cast(NAN, int32_t{}), 0);
  EXPECT_EQ(cast(INFINITY, int64_t{}), INT64_MAX);
  EXPECT_EQ(cast(1e19, uint64_t{}), 10000000000000000000u);
  EXPECT_EQ(cast(int64_t{INT64_MAX}, int64_t{}), INT64_MAX);
  EXPECT_EQ(cast(int64_t{-7}, uint16_t{}), 0);
  EXPECT_EQ(cast(0.5f, bool{}), true);
  // Just above a tie of bf16; rounding to f32 first would make it the tie, and then even.
  EXPECT_EQ(cast(1 + 0x1p-8 + 0x1p-40, BFloat16{}).bits, 0x3f81);
  EXPECT_EQ(cast(1 + 0x1p-8, BFloat16{}).bits, 0x3f80);
  EXPECT_EQ(cast(1 + 3 * 0x1p-8 - 0x1p-40, BFloat16{}).bits, 0x3f81);
}

TEST_F(Factory, RowsDoNotDependOnTheBatch) {
  const Tensor x = factory().normal({64, 3001}, DataType::kBF16, kCpu, 0, 1, 1);
  const Tensor weight = factory().ones({3001}, DataType::kF32, kCpu);
  const Tensor all = factory().empty({64, 3001}, DataType::kF32, kCpu);
  const Tensor one = factory().empty({1, 3001}, DataType::kF32, kCpu);
  backend_->tensor_ops().rms_norm(x, weight, 1e-5f, all);
  for (const int64_t row : {0, 31, 63}) {
    backend_->tensor_ops().rms_norm(x.narrow(0, row, 1), weight, 1e-5f, one);
    EXPECT_EQ(std::memcmp(one.raw_data(), all.narrow(0, row, 1).raw_data(), 3001 * 4), 0);
  }
}

TEST_F(Factory, DenseBf16RowsAreNormalizedAsAnyOthers) {
  constexpr int64_t kRows = 5, kColumns = 1025 + 37;
  const auto random = [&](uint64_t seed) {
    return factory().normal({kRows, kColumns}, DataType::kBF16, kCpu, 0, 1, seed);
  };
  const auto strided = [&](const Tensor& dense) {
    const Tensor other =
        factory().empty({kColumns, kRows}, DataType::kBF16, kCpu).transpose(0, 1);
    backend_->tensor_ops().cast(dense, other);
    return other;
  };
  const Tensor x = random(1), residual = random(2), out = random(3);
  const Tensor weight = factory().normal({kColumns}, DataType::kBF16, kCpu, 0, 1, 4);
  const Tensor same_x = strided(x), same_residual = strided(residual), same_out = strided(out);
  NormOps& norm = *backend_->kernel_ops()->norm();
  norm.add_rms_norm(x, residual, weight, 1e-5f, out);
  norm.add_rms_norm(same_x, same_residual, weight, 1e-5f, same_out);
  for (const auto& [dense, other] : {std::pair{residual, same_residual}, {out, same_out}}) {
    const Tensor back = factory().empty({kRows, kColumns}, DataType::kBF16, kCpu);
    backend_->tensor_ops().cast(other, back);
    EXPECT_EQ(std::memcmp(dense.raw_data(), back.raw_data(), kRows * kColumns * 2), 0);
  }
}

}  // namespace
}  // namespace ferrum
