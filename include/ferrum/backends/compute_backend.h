#pragma once
// The contract of a compute backend: one family of devices, its memory, its operations. Seed
// name: ComputeBackend.
//
// Life cycle: created -> initialize(device) -> ready -> shutdown() -> shut down. A failed
// initialize leaves it failed; it may be tried again. initialize on the device it already has and
// a second shutdown do nothing. After shutdown a backend can be initialized again.
//
// Every method is thread-safe. The interfaces returned are owned by the backend, live as long as
// it, and are the same object each time. In a state other than ready their calls throw
// kFailedState, naming the state found. Tensors may outlive shutdown, but not the backend.

#include <string>
#include <string_view>

#include "ferrum/backends/backend_capabilities.h"
#include "ferrum/backends/backend_status.h"
#include "ferrum/tensor/device_memory.h"
#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/tensor/tensor_ops.h"
#include "ferrum/types/device.h"

namespace ferrum {

class KernelExecutor;  // custom kernels; no backend has them yet

class ComputeBackend {
 public:
  virtual ~ComputeBackend() = default;

  virtual std::string_view name() const = 0;
  virtual BackendCapabilities capabilities() const = 0;

  virtual TensorOps& tensor_ops() = 0;
  virtual TensorFactory& tensor_factory() = 0;
  virtual DeviceMemoryManager& memory_manager() = 0;
  virtual KernelExecutor* kernel_executor() = 0;  // null where custom kernels are not supported
  virtual KernelOps* kernel_ops() = 0;            // null, or with null groups, where composed

  // Throws kUnsupported for a device it does not support, kResourceExhausted when a static pool
  // cannot be had.
  virtual void initialize(const Device& device) = 0;
  virtual bool supports_device(const Device& device) const = 0;
  virtual std::string version() const = 0;
  // Returns when all work queued on the device so far is done. Throws the first error among it.
  virtual void synchronize(const Device& device) = 0;
  virtual BackendStatus status() const = 0;
  virtual void shutdown() = 0;
};

}  // namespace ferrum
