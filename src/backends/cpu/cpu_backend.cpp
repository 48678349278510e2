#include "backends/cpu/cpu_backend.h"

#include <limits>
#include <string>
#include <utility>

#include "backends/cpu/cast.h"
#include "backends/cpu/cpu_activation.h"
#include "backends/cpu/cpu_attention.h"
#include "backends/cpu/cpu_linear.h"
#include "backends/cpu/cpu_norm.h"
#include "backends/cpu/cpu_position.h"
#include "backends/cpu/cpu_probe.h"
#include "backends/cpu/cpu_sampling.h"
#include "backends/cpu/cpu_tensor_factory.h"
#include "backends/cpu/cpu_tensor_ops.h"
#include "backends/cpu/finite_check.h"
#include "backends/cpu/kernels/linear_kernels.h"
#include "ferrum/backends/backend_catalog.h"

namespace ferrum {

struct CpuBackend::Parts {
  Parts(const CpuOptions& options, DeviceMemoryManager& memory)
      : pool(options.threads),
        context{pool, vector_kernels(options.isa)},
        factory(context, random_kernels(options.isa), memory),
        tensor_ops(context),
        norm(context),
        position(context),
        attention(pool, options.isa),
        activation(context),
        linear(pool, options.isa),
        sampling(context) {}

  ThreadPool pool;
  CpuContext context;
  CpuTensorFactory factory;
  CpuTensorOps tensor_ops;
  CpuNormOps norm;
  CpuPositionOps position;
  CpuAttentionOps attention;
  CpuActivationOps activation;
  CpuLinearOps linear;
  CpuSamplingOps sampling;
  std::unique_ptr<ProbeMemory> probe_memory;  // from the first probe on
};

CpuBackend::GuardedKernelOps::GuardedKernelOps(OpGuard& guard)
    : norm_(guard),
      position_(guard),
      attention_(guard),
      activation_(guard),
      linear_(guard),
      sampling_(guard) {}

void CpuBackend::GuardedKernelOps::bind(Parts* parts) {
  norm_.bind(parts ? &parts->norm : nullptr);
  position_.bind(parts ? &parts->position : nullptr);
  attention_.bind(parts ? &parts->attention : nullptr);
  activation_.bind(parts ? &parts->activation : nullptr);
  linear_.bind(parts ? &parts->linear : nullptr);
  sampling_.bind(parts ? &parts->sampling : nullptr);
}

CpuBackend::CpuBackend(const CpuOptions& options)
    : options_(options),
      guard_(options.check_outputs ? std::function<void(const Tensor&)>(check_finite) : nullptr),
      memory_(options.memory),
      memory_guard_(guard_),
      factory_(guard_),
      tensor_ops_(guard_),
      kernel_ops_(guard_) {
  memory_guard_.bind(&memory_);
}

CpuBackend::~CpuBackend() { shutdown(); }

void CpuBackend::bind(Parts* parts) {
  factory_.bind(parts ? &parts->factory : nullptr);
  tensor_ops_.bind(parts ? &parts->tensor_ops : nullptr);
  kernel_ops_.bind(parts);
}

void CpuBackend::initialize(const Device& device) {
  const std::lock_guard lock(life_cycle_);
  try {
    check_cpu_device(device);
    if (guard_.state() == BackendState::kReady) return;
    memory_.start();
    parts_ = std::make_unique<Parts>(options_, memory_);
  } catch (const Error& error) {
    // A refused device does not take down a backend that is at work on another.
    if (guard_.state() != BackendState::kReady) guard_.set_state(BackendState::kFailed);
    const Error named = error.with_context("initialize");
    guard_.remember(named.message());
    throw named;
  }
  bind(parts_.get());
  guard_.reset_counter();
  guard_.set_state(BackendState::kReady);
}

void CpuBackend::shutdown() {
  const std::lock_guard lock(life_cycle_);
  if (guard_.state() == BackendState::kShutDown) return;
  guard_.set_state(BackendState::kShutDown);
  guard_.wait_until_idle();
  bind(nullptr);
  parts_.reset();
  memory_.stop();
}

void CpuBackend::synchronize(const Device& device) {
  // Operations are done when their call returns; what can be under way are copies.
  guard_.access("synchronize", [&] {
    check_cpu_device(device);
    memory_.synchronize_all();
  });
}

MachineLimits CpuBackend::measure_limits(DataType weights) {
  MachineLimits limits;
  guard_.access("measure_limits", [&] {
    if (!parts_->probe_memory) parts_->probe_memory = std::make_unique<ProbeMemory>(parts_->pool);
    const MachineProbe probe = probe_machine(
        parts_->pool, {.isa = options_.isa, .memory = parts_->probe_memory->span()});
    // f16 weights are multiplied in f32.
    const bool bf16 = weights == DataType::kBF16;
    limits = {.read_bytes_per_second = probe.read_bytes_per_s,
              .dot_flops_per_second = bf16 ? probe.bf16_flops : probe.f32_flops,
              .dot_dtype = bf16 ? DataType::kBF16 : DataType::kF32,
              .dot_instruction = bf16 ? probe.bf16_instruction : probe.f32_instruction};
  });
  return limits;
}

std::string CpuBackend::version() const {
  return FERRUM_VERSION " (" + std::string(to_string(options_.isa)) + ")";
}

BackendCapabilities CpuBackend::capabilities() const {
  BackendCapabilities c;
  for (const DataType dtype : all_dtypes()) {
    if (can_cast(dtype)) c.supported_dtypes.push_back(dtype);
  }
  c.supported_devices = {Device::cpu()};
  c.max_tensor_dims = Shape::kMaxRank;
  c.supports_fp16 = true;
  c.supports_bf16 = true;
  c.supports_native_bf16 =
      cpu::linear_kernels(options_.isa, DataType::kBF16).many.x_dtype == DataType::kBF16;
  c.supports_flash_attention = true;
  c.supports_paged_attention = true;
  // Steps are bounded by memory alone, their counts by the i32 of PagedLayout.
  c.max_batch_size = std::numeric_limits<int32_t>::max();
  c.max_sequence_length = std::numeric_limits<int32_t>::max();
  c.memory_alignment = options_.memory.alignment;
  c.extra_capabilities = {
      {"isa", to_string(options_.isa)},
      {"threads", options_.threads > 0 ? options_.threads : ThreadPool::available_cpus()},
      {"cpu_features", cpu_features()}};
  return c;
}

BackendStatus CpuBackend::status() const {
  const BackendState state = guard_.state();
  BackendStatus status;
  status.is_ready = status.is_initialized = state == BackendState::kReady;
  if (status.is_ready) {
    status.active_devices = {Device::cpu()};
    status.memory_usage[Device::cpu()] = memory_.memory_info(Device::cpu()).used;
  }
  status.operations_completed = guard_.operations_completed();
  status.last_error = guard_.last_error();
  status.backend_specific = {{"state", to_string(state)}};
  return status;
}

void register_cpu(BackendCatalog& catalog) {
  catalog.add("cpu", {.description = "this machine's processor, by the best instructions it has",
                      .validate = [](const BackendConfig& config) { read_cpu_options(config); },
                      .create = [](const BackendConfig& config) -> std::unique_ptr<ComputeBackend> {
                        return std::make_unique<CpuBackend>(read_cpu_options(config));
                      },
                      .measure_limits = [](ComputeBackend& backend, DataType weights) {
                        return static_cast<CpuBackend&>(backend).measure_limits(weights);
                      }});
}

}  // namespace ferrum
