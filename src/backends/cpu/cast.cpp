#include "backends/cpu/cast.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "backends/cpu/element_loop.h"
#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"
#include "ferrum/types/float8.h"

namespace ferrum {
namespace {

// Holds every element of every dtype exactly: its fraction has 64 bits.
using Wide = long double;
static_assert(std::numeric_limits<Wide>::digits >= 64);

constexpr int64_t kGrain = 4 * kChunk;

// To f32 with the last bit set when anything was lost. A second rounding to a type of at most 22
// fraction bits then gives what a single one would have.
float round_to_odd(Wide x) {
  const float nearest = static_cast<float>(x);
  if (static_cast<Wide>(nearest) == x || !std::isfinite(nearest) || nearest == 0) return nearest;
  const bool away = std::fabs(static_cast<Wide>(nearest)) > std::fabs(x);
  const uint32_t bits = std::bit_cast<uint32_t>(nearest) - (away ? 1 : 0);
  return std::bit_cast<float>(bits | 1);
}

// Truncates towards zero and saturates; NaN becomes 0.
template <class T>
T to_integer(Wide x) {
  if (std::isnan(x)) return 0;
  if (x <= static_cast<Wide>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (x >= static_cast<Wide>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(x);
}

template <class T>
T read(const void* from, int64_t i) {
  T value;
  std::memcpy(&value, static_cast<const char*>(from) + i * static_cast<int64_t>(sizeof(T)),
              sizeof(T));
  return value;
}

template <class T>
void write(void* to, int64_t i, T value) {
  std::memcpy(static_cast<char*>(to) + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

Wide load(DataType dtype, const void* from, int64_t i) {
  switch (dtype) {
    case DataType::kF64:
      return static_cast<Wide>(read<double>(from, i));
    case DataType::kF32:
      return static_cast<Wide>(read<float>(from, i));
    case DataType::kF16:
      return static_cast<Wide>(to_float(Float16{read<uint16_t>(from, i)}));
    case DataType::kBF16:
      return static_cast<Wide>(to_float(BFloat16{read<uint16_t>(from, i)}));
    case DataType::kI64:
      return static_cast<Wide>(read<int64_t>(from, i));
    case DataType::kI32:
      return static_cast<Wide>(read<int32_t>(from, i));
    case DataType::kI16:
      return static_cast<Wide>(read<int16_t>(from, i));
    case DataType::kI8:
      return static_cast<Wide>(read<int8_t>(from, i));
    case DataType::kU64:
      return static_cast<Wide>(read<uint64_t>(from, i));
    case DataType::kU32:
      return static_cast<Wide>(read<uint32_t>(from, i));
    case DataType::kU16:
      return static_cast<Wide>(read<uint16_t>(from, i));
    case DataType::kU8:
      return static_cast<Wide>(read<uint8_t>(from, i));
    case DataType::kBool:
      return read<uint8_t>(from, i) != 0 ? 1 : 0;
    default:
      return static_cast<Wide>(decode_float8(dtype, read<uint8_t>(from, i)));
  }
}

void store(DataType dtype, Wide x, void* to, int64_t i) {
  switch (dtype) {
    case DataType::kF64:
      return write(to, i, static_cast<double>(x));
    case DataType::kF32:
      return write(to, i, static_cast<float>(x));
    case DataType::kF16:
      return write(to, i, to_float16(round_to_odd(x)).bits);
    case DataType::kBF16:
      return write(to, i, to_bfloat16(round_to_odd(x)).bits);
    case DataType::kI64:
      return write(to, i, to_integer<int64_t>(x));
    case DataType::kI32:
      return write(to, i, to_integer<int32_t>(x));
    case DataType::kI16:
      return write(to, i, to_integer<int16_t>(x));
    case DataType::kI8:
      return write(to, i, to_integer<int8_t>(x));
    case DataType::kU64:
      return write(to, i, to_integer<uint64_t>(x));
    case DataType::kU32:
      return write(to, i, to_integer<uint32_t>(x));
    case DataType::kU16:
      return write(to, i, to_integer<uint16_t>(x));
    case DataType::kU8:
      return write(to, i, to_integer<uint8_t>(x));
    case DataType::kBool:
      return write<uint8_t>(to, i, x != 0 ? 1 : 0);
    default:
      return write(to, i, encode_float8(dtype, round_to_odd(x)));
  }
}

bool is_compute_float(DataType dtype) {
  return dtype == DataType::kF32 || dtype == DataType::kF16 || dtype == DataType::kBF16;
}

void require_castable(const Tensor& tensor, const char* name) {
  require_on_cpu(tensor, name);
  if (!can_cast(tensor.dtype())) {
    throw Error(ErrorCode::kUnsupported, std::string(name) + " is " + to_string(tensor) +
                                             ", whose elements cannot be converted");
  }
}

void copy_run(const std::byte* from, int64_t from_stride, std::byte* to, int64_t to_stride,
              int64_t n, int64_t size) {
  if (from_stride == size && to_stride == size) {
    std::memcpy(to, from, static_cast<size_t>(n * size));
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(to + i * to_stride, from + i * from_stride, static_cast<size_t>(size));
  }
}

}  // namespace

bool can_cast(DataType dtype) { return is_byte_sized(dtype) && dtype != DataType::kC64; }

void run_cast(const CpuContext& context, const Tensor& x, const Tensor& out) {
  require_castable(x, "x");
  require_castable(out, "out");
  require_shape(out, "out", x.shape());
  const ElementLoop<2> loop(out.shape(), {&x, &out});
  const void* from = x.raw_data();
  void* to = out.mutable_raw_data();
  const int64_t step_in = loop.inner_stride(0);
  const int64_t step_out = loop.inner_stride(1);
  const auto parallel = [&](int64_t grain, int64_t longest, auto&& body) {
    context.pool.parallel_for(loop.count(), grain, [&](int64_t begin, int64_t end) {
      loop.run(begin, end, longest, body);
    });
  };

  if (x.dtype() == out.dtype()) {
    const int64_t size = bits_of(x.dtype()) / 8;
    parallel(16 * kGrain, loop.count(), [&](const auto& run) {
      copy_run(static_cast<const std::byte*>(from) + run.offset[0] * size, step_in * size,
               static_cast<std::byte*>(to) + run.offset[1] * size, step_out * size, run.length,
               size);
    });
  } else if (is_compute_float(x.dtype()) && is_compute_float(out.dtype())) {
    const FloatSource source(x);
    const FloatSink sink(out);
    parallel(4 * kGrain, kChunk, [&](const auto& run) {
      ChunkBuffer buffer;
      const float* values =
          source.load(context.kernels, run.offset[0], step_in, run.length, buffer);
      sink.store(context.kernels, values, run.offset[1], step_out, run.length);
    });
  } else {
    parallel(kGrain, loop.count(), [&](const auto& run) {
      for (int64_t i = 0; i < run.length; ++i) {
        store(out.dtype(), load(x.dtype(), from, run.offset[0] + i * step_in), to,
              run.offset[1] + i * step_out);
      }
    });
  }
}

}  // namespace ferrum
