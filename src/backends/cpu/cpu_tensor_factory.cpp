#include "backends/cpu/cpu_tensor_factory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "backends/cpu/cast.h"
#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"

namespace ferrum {
namespace {

constexpr int64_t kByteGrain = int64_t{1} << 18;

// SplitMix64 (Steele, Lea & Flood, 2014): the key of a block from the seed and the block's number.
uint64_t block_key(uint64_t seed, uint64_t block) {
  uint64_t z = seed + (block + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float next_below(float x) { return std::nextafter(x, -std::numeric_limits<float>::infinity()); }

// The largest number of a type that is below x.
float largest_below(float x, DataType dtype) {
  if (dtype == DataType::kF32) return next_below(x);
  // Neighbours of a 16-bit type are at most this far apart, relatively or (f16) absolutely.
  const float gap = std::max(std::fabs(x) * 0x1p-7f, 0x1p-23f);
  for (float candidate = x;; candidate -= gap / 1024) {
    const float rounded = dtype == DataType::kF16 ? to_float(to_float16(candidate))
                                                  : to_float(to_bfloat16(candidate));
    if (rounded < x) return rounded;
  }
}

}  // namespace

Tensor CpuTensorFactory::empty(const Shape& shape, DataType dtype, const Device& device) {
  return Tensor(memory_.allocate(device, bytes_of(dtype, shape.numel())), shape, dtype);
}

Tensor CpuTensorFactory::zeros(const Shape& shape, DataType dtype, const Device& device) {
  const Tensor result = empty(shape, dtype, device);
  auto* bytes = static_cast<std::byte*>(result.mutable_raw_data());
  context_.pool.parallel_for(result.size_bytes(), kByteGrain, [&](int64_t begin, int64_t end) {
    std::memset(bytes + begin, 0, static_cast<size_t>(end - begin));
  });
  return result;
}

Tensor CpuTensorFactory::ones(const Shape& shape, DataType dtype, const Device& device) {
  const Tensor result = empty(shape, dtype, device);
  const std::array<float, 1> one{1.0f};
  const Tensor source = from_values(std::span<const float>(one), {1}, device);
  Shape flat{shape.numel()};
  if (shape.numel() == 0) return result;
  const Tensor first = result.reshape(flat).narrow(0, 0, 1);
  run_cast(context_, source, first);
  const int64_t size = bits_of(dtype) / 8;
  auto* bytes = static_cast<std::byte*>(result.mutable_raw_data());
  context_.pool.parallel_for(shape.numel() - 1, kByteGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin + 1; i <= end; ++i) {
      std::memcpy(bytes + i * size, bytes, static_cast<size_t>(size));
    }
  });
  return result;
}

Tensor CpuTensorFactory::from_host(std::span<const std::byte> bytes, const Shape& shape,
                                   DataType dtype, const Device& device) {
  const int64_t size = bytes_of(dtype, shape.numel());
  if (static_cast<int64_t>(bytes.size()) != size) {
    throw Error(ErrorCode::kInvalidArgument, std::to_string(bytes.size()) + " bytes for " +
                                                 std::string(to_string(dtype)) + " " +
                                                 to_string(shape) + " of " + std::to_string(size));
  }
  const Tensor result = empty(shape, dtype, device);
  if (size > 0) std::memcpy(result.mutable_raw_data(), bytes.data(), bytes.size());
  return result;
}

// Fills the result in blocks of kChunk elements; draw(key, out, n) makes one.
template <class Draw>
Tensor CpuTensorFactory::random(const Shape& shape, DataType dtype, const Device& device,
                                uint64_t seed, Draw&& draw) {
  const Tensor result = empty(shape, dtype, device);
  require_float(result, "the result");
  const FloatSink sink(result);
  const int64_t count = shape.numel();
  const int64_t blocks = (count + kChunk - 1) / kChunk;
  context_.pool.parallel_for(blocks, 4, [&](int64_t begin, int64_t end) {
    ChunkBuffer buffer;
    for (int64_t block = begin; block < end; ++block) {
      const int64_t offset = block * kChunk;
      const int64_t n = std::min(kChunk, count - offset);
      float* target = sink.target(offset, 1, buffer);
      draw(block_key(seed, static_cast<uint64_t>(block)), target, n);
      sink.store(context_.kernels, target, offset, 1, n);
    }
  });
  return result;
}

Tensor CpuTensorFactory::uniform(const Shape& shape, DataType dtype, const Device& device,
                                 float low, float high, uint64_t seed) {
  if (!(low < high) || !std::isfinite(high - low)) {
    throw Error(ErrorCode::kInvalidArgument, "the interval [" + std::to_string(low) + ", " +
                                                 std::to_string(high) + ") is empty or unbounded");
  }
  // Rounding must not reach `high`.
  const float largest = std::max(low, largest_below(high, dtype));
  return random(shape, dtype, device, seed, [&](uint64_t key, float* out, int64_t n) {
    random_.uniform(key, out, n);
    for (int64_t i = 0; i < n; ++i) {
      const float value = low + out[i] * (high - low);
      out[i] = value < largest ? value : largest;
    }
  });
}

Tensor CpuTensorFactory::normal(const Shape& shape, DataType dtype, const Device& device,
                                float mean, float stddev, uint64_t seed) {
  if (!std::isfinite(mean) || !std::isfinite(stddev) || stddev < 0) {
    throw Error(ErrorCode::kInvalidArgument, "a normal distribution of mean " +
                                                 std::to_string(mean) + " and deviation " +
                                                 std::to_string(stddev));
  }
  return random(shape, dtype, device, seed, [&](uint64_t key, float* out, int64_t n) {
    random_.normal(key, out, n);
    for (int64_t i = 0; i < n; ++i) out[i] = mean + stddev * out[i];
  });
}

Tensor CpuTensorFactory::place(const Tensor& host, const Device& device) {
  require_on_cpu(host, "host");
  if (device.is_cpu() && device.index == 0) return host;
  return to_device(host, device);  // refuses
}

Tensor CpuTensorFactory::to_device(const Tensor& tensor, const Device& device) {
  require_on_cpu(tensor, "tensor");
  const Tensor result = empty(tensor.shape(), tensor.dtype(), device);
  if (tensor.is_contiguous()) {
    const int64_t bytes = tensor.size_bytes();
    memory_.copy(*tensor.storage(), tensor.byte_offset(), *result.storage(), 0, bytes);
  } else {
    run_cast(context_, tensor, result);
  }
  return result;
}

}  // namespace ferrum
