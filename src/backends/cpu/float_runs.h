#pragma once
// Runs of f32, f16 or bf16 elements, read and written as f32.

#include <cstdint>

#include "backends/cpu/kernels/vector_kernels.h"
#include "ferrum/tensor/tensor.h"

namespace ferrum {

// Elements of one chunk; three chunks fit in the first-level cache.
inline constexpr int64_t kChunk = 1024;

struct alignas(64) ChunkBuffer {
  float values[kChunk];
};

// The elements of a tensor by element offset. The tensor must outlive it.
class FloatSource {
 public:
  explicit FloatSource(const Tensor& tensor) : data_(tensor.raw_data()), dtype_(tensor.dtype()) {}

  // n <= kChunk elements, `stride` apart, from element `offset` on: in place where they lie as
  // f32 already, else converted into the buffer. stride 0 repeats one element.
  const float* load(const VectorKernels& kernels, int64_t offset, int64_t stride, int64_t n,
                    ChunkBuffer& buffer) const;

 private:
  const void* data_;
  DataType dtype_;
};

class FloatSink {
 public:
  explicit FloatSink(const Tensor& tensor)
      : data_(tensor.mutable_raw_data()), dtype_(tensor.dtype()) {}

  // Where to compute n elements before store: in place if they lie as f32, else the buffer.
  float* target(int64_t offset, int64_t stride, ChunkBuffer& buffer) const;
  // Writes what target's place holds now.
  void store(const VectorKernels& kernels, const float* values, int64_t offset, int64_t stride,
             int64_t n) const;

 private:
  void* data_;
  DataType dtype_;
};

}  // namespace ferrum
