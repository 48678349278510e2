#pragma once
// A tensor that the host rewrites for every step: a host array and its twin on the device.
//
// On the CPU both are the same memory. Elsewhere upload() copies the host array to the device, and
// download() copies back. Nothing is allocated after construction. Not thread-safe.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ferrum/tensor/device_memory.h"
#include "ferrum/tensor/tensor.h"
#include "ferrum/tensor/tensor_factory.h"

namespace ferrum {

template <class T>
class StagedTensor {
 public:
  // Borrows `memory`, the manager of `factory`'s backend.
  StagedTensor(const Shape& shape, const Device& device, TensorFactory& factory,
               DeviceMemoryManager& memory)
      : device_(factory.empty(shape, dtype_of<T>(), device)), memory_(memory) {
    if (!device.is_cpu()) host_ = std::make_shared<HostArray>(shape.numel());
  }

  std::span<T> host() {
    T* data = host_ ? static_cast<T*>(host_->data()) : device_.mutable_data<T>();
    return {data, static_cast<size_t>(device_.numel())};
  }

  // The first `count` extents of the outermost dimension, as they lie on the device.
  Tensor device(int64_t count) const { return device_.narrow(0, 0, count); }

  void upload(int64_t count) { copy(count, true); }
  void download(int64_t count) { copy(count, false); }

 private:
  struct HostArray final : Storage {
    explicit HostArray(int64_t count) : HostArray(std::make_unique<T[]>(count), count) {}
    HostArray(std::unique_ptr<T[]> array, int64_t count)
        : Storage(array.get(), count * static_cast<int64_t>(sizeof(T)), Device::cpu(), true),
          owned(std::move(array)) {}
    std::unique_ptr<T[]> owned;
  };

  void copy(int64_t count, bool up) {
    if (!host_ || count == 0) return;
    const int64_t bytes = device_.narrow(0, 0, count).size_bytes();
    if (up) {
      memory_.copy(*host_, 0, *device_.storage(), device_.byte_offset(), bytes);
    } else {
      memory_.copy(*device_.storage(), device_.byte_offset(), *host_, 0, bytes);
    }
  }

  Tensor device_;
  DeviceMemoryManager& memory_;
  std::shared_ptr<HostArray> host_;  // null where the device's memory is the host's
};

}  // namespace ferrum
