#pragma once
// The least TensorFactory: tensors in host memory, for tests of what stands below the backends.

#include <atomic>
#include <cstring>
#include <new>

#include "ferrum/tensor/tensor_factory.h"

namespace ferrum {

class HostTensorFactory : public TensorFactory {
 public:
  Tensor empty(const Shape& shape, DataType dtype, const Device& device) override {
    if (!device.is_cpu()) {
      throw Error(ErrorCode::kUnsupported, "no device " + to_string(device) + " here");
    }
    const int64_t bytes = bytes_of(dtype, shape.numel());
    ++allocations;
    for (int64_t known = largest; known < bytes && !largest.compare_exchange_weak(known, bytes);) {
    }
    return Tensor(std::make_shared<Bytes>(bytes), shape, dtype);
  }
  Tensor zeros(const Shape& shape, DataType dtype, const Device& device) override {
    const Tensor tensor = empty(shape, dtype, device);
    if (tensor.size_bytes() > 0) {
      std::memset(tensor.mutable_raw_data(), 0, static_cast<size_t>(tensor.size_bytes()));
    }
    return tensor;
  }
  Tensor from_host(std::span<const std::byte> bytes, const Shape& shape, DataType dtype,
                   const Device& device) override {
    const Tensor tensor = empty(shape, dtype, device);
    if (!bytes.empty()) std::memcpy(tensor.mutable_raw_data(), bytes.data(), bytes.size());
    return tensor;
  }
  Tensor place(const Tensor& host, const Device& device) override {
    ++placements;
    return device.is_cpu() ? host : empty(host.shape(), host.dtype(), device);
  }
  Tensor to_device(const Tensor&, const Device&) override { refuse(); }
  Tensor ones(const Shape&, DataType, const Device&) override { refuse(); }
  Tensor uniform(const Shape&, DataType, const Device&, float, float, uint64_t) override {
    refuse();
  }
  Tensor normal(const Shape&, DataType, const Device&, float, float, uint64_t) override {
    refuse();
  }

  std::atomic<int> allocations{0}, placements{0};
  std::atomic<int64_t> largest{0};  // allocation, in bytes

 private:
  class Bytes : public Storage {
   public:
    explicit Bytes(int64_t size)
        : Storage(operator new(static_cast<size_t>(size), std::align_val_t{64}), size,
                  Device::cpu(), true) {}
    ~Bytes() override { operator delete(data(), std::align_val_t{64}); }
  };

  [[noreturn]] static void refuse() {
    throw Error(ErrorCode::kUnsupported, "the test factory makes tensors of host bytes alone");
  }
};

}  // namespace ferrum
