#include "backends/cpu/float_runs.h"

#include <algorithm>

namespace ferrum {
namespace {

using Widen = void (*)(const uint16_t*, float*, int64_t);
using Narrow = void (*)(const float*, uint16_t*, int64_t);

void load_16(Widen widen, const uint16_t* from, int64_t stride, int64_t n, float* out) {
  if (stride == 1) return widen(from, out, n);
  if (stride == 0) {
    widen(from, out, 1);
    std::fill(out + 1, out + n, out[0]);
    return;
  }
  uint16_t gathered[kChunk];
  for (int64_t i = 0; i < n; ++i) gathered[i] = from[i * stride];
  widen(gathered, out, n);
}

void store_16(Narrow narrow, const float* values, uint16_t* to, int64_t stride, int64_t n) {
  if (stride == 1) return narrow(values, to, n);
  uint16_t narrowed[kChunk];
  narrow(values, narrowed, n);
  for (int64_t i = 0; i < n; ++i) to[i * stride] = narrowed[i];
}

}  // namespace

const float* FloatSource::load(const VectorKernels& kernels, int64_t offset, int64_t stride,
                               int64_t n, ChunkBuffer& buffer) const {
  float* out = buffer.values;
  if (n == 0) return out;
  if (dtype_ == DataType::kF32) {
    const float* from = static_cast<const float*>(data_) + offset;
    if (stride == 1) return from;
    for (int64_t i = 0; i < n; ++i) out[i] = from[i * stride];
    return out;
  }
  load_16(dtype_ == DataType::kF16 ? kernels.widen_f16 : kernels.widen_bf16,
          static_cast<const uint16_t*>(data_) + offset, stride, n, out);
  return out;
}

float* FloatSink::target(int64_t offset, int64_t stride, ChunkBuffer& buffer) const {
  const bool in_place = dtype_ == DataType::kF32 && stride == 1;
  return in_place ? static_cast<float*>(data_) + offset : buffer.values;
}

void FloatSink::store(const VectorKernels& kernels, const float* values, int64_t offset,
                      int64_t stride, int64_t n) const {
  if (dtype_ == DataType::kF32) {
    float* to = static_cast<float*>(data_) + offset;
    if (values == to) return;
    for (int64_t i = 0; i < n; ++i) to[i * stride] = values[i];
    return;
  }
  store_16(dtype_ == DataType::kF16 ? kernels.narrow_f16 : kernels.narrow_bf16, values,
           static_cast<uint16_t*>(data_) + offset, stride, n);
}

}  // namespace ferrum
