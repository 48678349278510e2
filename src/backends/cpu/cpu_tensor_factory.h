#pragma once

#include "backends/cpu/cpu_context.h"
#include "ferrum/tensor/device_memory.h"
#include "ferrum/tensor/tensor_factory.h"

namespace ferrum {

// Host memory is this device's memory: place aliases what it is given.
class CpuTensorFactory final : public TensorFactory {
 public:
  // `memory` is borrowed.
  CpuTensorFactory(const CpuContext& context, const RandomKernels& random,
                   DeviceMemoryManager& memory)
      : context_(context), random_(random), memory_(memory) {}

  Tensor empty(const Shape& shape, DataType dtype, const Device& device) override;
  Tensor zeros(const Shape& shape, DataType dtype, const Device& device) override;
  Tensor ones(const Shape& shape, DataType dtype, const Device& device) override;
  Tensor from_host(std::span<const std::byte> bytes, const Shape& shape, DataType dtype,
                   const Device& device) override;
  Tensor uniform(const Shape& shape, DataType dtype, const Device& device, float low, float high,
                 uint64_t seed) override;
  Tensor normal(const Shape& shape, DataType dtype, const Device& device, float mean, float stddev,
                uint64_t seed) override;
  Tensor place(const Tensor& host, const Device& device) override;
  Tensor to_device(const Tensor& tensor, const Device& device) override;

 private:
  template <class Draw>
  Tensor random(const Shape& shape, DataType dtype, const Device& device, uint64_t seed,
                Draw&& draw);

  CpuContext context_;
  const RandomKernels& random_;
  DeviceMemoryManager& memory_;
};

}  // namespace ferrum
