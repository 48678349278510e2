#pragma once

#include <memory>
#include <mutex>

#include "backends/cpu/cpu_memory_manager.h"
#include "backends/cpu/cpu_options.h"
#include "backends/guarded_ops.h"
#include "ferrum/backends/compute_backend.h"
#include "ferrum/backends/machine_limits.h"

namespace ferrum {

class CpuBackend final : public ComputeBackend {
 public:
  explicit CpuBackend(const CpuOptions& options);
  ~CpuBackend() override;

  std::string_view name() const override { return "cpu"; }
  BackendCapabilities capabilities() const override;
  TensorOps& tensor_ops() override { return tensor_ops_; }
  TensorFactory& tensor_factory() override { return factory_; }
  DeviceMemoryManager& memory_manager() override { return memory_guard_; }
  KernelExecutor* kernel_executor() override { return nullptr; }
  KernelOps* kernel_ops() override { return &kernel_ops_; }
  void initialize(const Device& device) override;
  bool supports_device(const Device& device) const override { return device == Device::cpu(); }
  std::string version() const override;
  void synchronize(const Device& device) override;
  BackendStatus status() const override;
  void shutdown() override;

  // BackendPart::measure_limits.
  MachineLimits measure_limits(DataType weights);

 private:
  struct Parts;  // what exists while initialized: threads and the operations on them

  class GuardedKernelOps final : public KernelOps {
   public:
    explicit GuardedKernelOps(OpGuard& guard);
    void bind(Parts* parts);
    NormOps* norm() override { return &norm_; }
    PositionOps* position() override { return &position_; }
    AttentionOps* attention() override { return &attention_; }
    ActivationOps* activation() override { return &activation_; }
    LinearOps* linear() override { return &linear_; }
    SamplingOps* sampling() override { return &sampling_; }

   private:
    GuardedNormOps norm_;
    GuardedPositionOps position_;
    GuardedAttentionOps attention_;
    GuardedActivationOps activation_;
    GuardedLinearOps linear_;
    GuardedSamplingOps sampling_;
  };

  void bind(Parts* parts);

  const CpuOptions options_;
  OpGuard guard_;
  CpuMemoryManager memory_;
  GuardedMemoryManager memory_guard_;
  GuardedTensorFactory factory_;
  GuardedTensorOps tensor_ops_;
  GuardedKernelOps kernel_ops_;
  std::mutex life_cycle_;  // initialize and shutdown take turns
  std::unique_ptr<Parts> parts_;
};

}  // namespace ferrum
