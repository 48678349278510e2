#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/capability_checks.h"
#include "conformance/targets.h"

namespace ferrum::conformance {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class Capabilities : public testing::TestWithParam<Target> {};

TEST_P(Capabilities, AreAsClaimed) {
  RunningTarget target(GetParam());
  ComputeBackend& backend = target.backend();
  EXPECT_THAT(false_claims(backend, backend.capabilities(), target.kernels().device), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(AllBackends, Capabilities, testing::ValuesIn(targets()),
                         [](const auto& parameter) { return parameter.param.name; });

// Each flag turned over, or a number exceeded, must be found out.
TEST(CapabilityChecks, FindFalseClaims) {
  RunningTarget target(targets().front());
  const auto failures_with = [&](auto&& change) {
    BackendCapabilities claimed = target.backend().capabilities();
    change(claimed);
    return false_claims(target.backend(), claimed, target.kernels().device);
  };
  const auto turned = [&](bool BackendCapabilities::*flag) {
    return failures_with([flag](auto& c) { c.*flag = !(c.*flag); });
  };
  using C = BackendCapabilities;
  EXPECT_THAT(turned(&C::supports_fp16), Contains(HasSubstr("fp16")));
  EXPECT_THAT(turned(&C::supports_bf16), Contains(HasSubstr("bf16")));
  EXPECT_THAT(turned(&C::supports_native_bf16), Contains(HasSubstr("native bf16")));
  EXPECT_THAT(turned(&C::supports_int8), Contains(HasSubstr("int8")));
  EXPECT_THAT(turned(&C::supports_flash_attention), Contains(HasSubstr("flash")));
  EXPECT_THAT(turned(&C::supports_paged_attention), Contains(HasSubstr("paged")));
  EXPECT_THAT(turned(&C::supports_custom_kernels), Contains(HasSubstr("custom")));
  EXPECT_THAT(turned(&C::supports_tensor_parallelism), Contains(HasSubstr("tensor par")));
  EXPECT_THAT(turned(&C::supports_pipeline_parallelism), Contains(HasSubstr("pipeline")));
  EXPECT_THAT(turned(&C::supports_cuda_graphs), Contains(HasSubstr("graphs")));
  EXPECT_THAT(failures_with([](auto& c) { c.supported_dtypes.pop_back(); }),
              Contains(HasSubstr("works unclaimed")));
  EXPECT_THAT(failures_with([](auto& c) { c.supported_dtypes.push_back(DataType::kI4); }),
              Contains(HasSubstr("i4 is claimed")));
  EXPECT_THAT(failures_with([](auto& c) { c.supported_devices.clear(); }),
              Contains(HasSubstr("device")));
  EXPECT_THAT(failures_with([](auto& c) { c.max_tensor_dims = 5; }), Contains(HasSubstr("rank 6")));
  EXPECT_THAT(failures_with([](auto& c) { c.memory_alignment = 1 << 22; }),
              Contains(HasSubstr("alignment")));
  EXPECT_THAT(failures_with([](auto& c) { c.max_batch_size = 0; }), Contains(HasSubstr("batch")));
  EXPECT_THAT(failures_with([](auto& c) { c.max_sequence_length = 0; }),
              Contains(HasSubstr("sequence")));
}

// Scratch that grows with the context is noticed: the composed group has such.
class ComposedAttentionOnly final : public KernelOps {
 public:
  explicit ComposedAttentionOnly(KernelOps& composed) : composed_(composed) {}
  AttentionOps* attention() override { return composed_.attention(); }

 private:
  KernelOps& composed_;
};

class WithGroups final : public ComputeBackend {
 public:
  WithGroups(ComputeBackend& inner, KernelOps& groups) : inner_(inner), groups_(groups) {}
  std::string_view name() const override { return "with_groups"; }
  BackendCapabilities capabilities() const override { return inner_.capabilities(); }
  TensorOps& tensor_ops() override { return inner_.tensor_ops(); }
  TensorFactory& tensor_factory() override { return inner_.tensor_factory(); }
  DeviceMemoryManager& memory_manager() override { return inner_.memory_manager(); }
  KernelExecutor* kernel_executor() override { return nullptr; }
  KernelOps* kernel_ops() override { return &groups_; }
  void initialize(const Device& device) override { inner_.initialize(device); }
  bool supports_device(const Device& device) const override {
    return inner_.supports_device(device);
  }
  std::string version() const override { return inner_.version(); }
  void synchronize(const Device& device) override { inner_.synchronize(device); }
  BackendStatus status() const override { return inner_.status(); }
  void shutdown() override { inner_.shutdown(); }

 private:
  ComputeBackend& inner_;
  KernelOps& groups_;
};

TEST(CapabilityChecks, FindScratchThatGrows) {
  Target composed = targets().front();
  composed.composed = true;
  RunningTarget target(composed);
  ComposedAttentionOnly groups(target.kernels().groups);
  WithGroups backend(target.backend(), groups);
  const auto failures = false_claims(backend, backend.capabilities(), target.kernels().device);
  EXPECT_THAT(failures, Contains(HasSubstr("flash attention is claimed and does not work")));
  EXPECT_THAT(failures, testing::Not(Contains(HasSubstr("paged"))));
}

}  // namespace
}  // namespace ferrum::conformance
