#pragma once
// Makes tensors on one backend's devices. Seed name: TensorFactory.
//
// Thread-safe. Every call throws kResourceExhausted when memory runs out, kUnsupported for a
// device or dtype that the backend lacks.

#include <cstdint>
#include <memory>
#include <span>

#include "ferrum/tensor/tensor.h"

namespace ferrum {

class TensorFactory {
 public:
  virtual ~TensorFactory() = default;

  // Contiguous, elements unspecified.
  virtual Tensor empty(const Shape& shape, DataType dtype, const Device& device) = 0;
  virtual Tensor zeros(const Shape& shape, DataType dtype, const Device& device) = 0;
  virtual Tensor ones(const Shape& shape, DataType dtype, const Device& device) = 0;

  // A copy of host elements in memory order; `bytes` must hold exactly bytes_of(dtype, numel).
  virtual Tensor from_host(std::span<const std::byte> bytes, const Shape& shape, DataType dtype,
                           const Device& device) = 0;

  // Pseudo-random floating-point elements, the same for the same seed on every ISA and thread
  // count of a backend. Uniform in [low, high); normal with the given mean and deviation.
  virtual Tensor uniform(const Shape& shape, DataType dtype, const Device& device, float low,
                         float high, uint64_t seed) = 0;
  virtual Tensor normal(const Shape& shape, DataType dtype, const Device& device, float mean,
                        float stddev, uint64_t seed) = 0;

  // Takes weight bytes that lie in host memory (`host`: a mapped file, lent bytes, a loader's
  // buffer) to where the kernels read them. The result aliases `host` where the device can read
  // it in place; otherwise the bytes are copied and `host` may go.
  virtual Tensor place(const Tensor& host, const Device& device) = 0;

  // A contiguous copy on `device`; elements are equal.
  virtual Tensor to_device(const Tensor& tensor, const Device& device) = 0;

  // from_host for a typed span.
  template <class T>
  Tensor from_values(std::span<const T> values, const Shape& shape, const Device& device) {
    return from_host(std::as_bytes(values), shape, dtype_of<T>(), device);
  }
};

}  // namespace ferrum
