#include "backends/cpu/cpu_position.h"

#include <algorithm>
#include <string>

#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"

namespace ferrum {
namespace {

constexpr int64_t kGrainElements = 8 * kChunk;

void check_rotary(const Tensor& x, const Tensor& cos, const Tensor& sin, const Tensor& positions) {
  require_float(x, "x");
  require_rank(x, "x", 3);
  require_dtype(cos, "cos", DataType::kF32);
  require_dtype(sin, "sin", DataType::kF32);
  require_rank(cos, "cos", 2);
  require_shape(sin, "sin", cos.shape());
  require_dtype(positions, "positions", DataType::kI32);
  require_shape(positions, "positions", Shape{x.dim(0)});
  if (2 * cos.dim(1) > x.dim(2)) {
    throw Error(ErrorCode::kInvalidArgument, "cos has " + std::to_string(cos.dim(1)) +
                                                 " pairs, heads of " + to_string(x) +
                                                 " have only " + std::to_string(x.dim(2) / 2));
  }
  const int32_t* position = positions.data<int32_t>();
  for (int64_t t = 0; t < x.dim(0); ++t) {
    const int32_t p = position[t * positions.stride(0)];
    if (p >= 0 && p < cos.dim(0)) continue;
    throw Error(ErrorCode::kInvalidArgument, "position " + std::to_string(p) + " of token " +
                                                 std::to_string(t) + ", the tables have " +
                                                 std::to_string(cos.dim(0)));
  }
}

// One call. Tables are read by rows: the row of a token holds the angles of all its heads.
struct Rotation {
  const VectorKernels& k;
  const Tensor& x;
  const Tensor& cos;
  const Tensor& sin;
  int64_t pairs;
  FloatSource source;
  FloatSink sink;

  // bf16 heads need no conversion of their own.
  void rotate_bf16_head(int64_t offset, int64_t row) const {
    auto* const values = static_cast<uint16_t*>(x.mutable_raw_data()) + offset;
    k.rotate_bf16(values, values + pairs, cos.data<float>() + row * cos.stride(0),
                  sin.data<float>() + row * sin.stride(0), pairs);
  }

  // Heads that follow each other in memory are converted together.
  bool is_dense() const {
    return pairs > 0 && x.stride(2) == 1 && x.stride(1) == x.dim(2) && x.dim(2) <= kChunk &&
           cos.stride(1) == 1 && sin.stride(1) == 1;
  }

  // `heads` heads from element `offset` on; at most a chunk.
  void rotate_heads(int64_t offset, int64_t heads, int64_t row) const {
    ChunkBuffer buffer;
    const int64_t n = heads * x.dim(2);
    float* const values = sink.target(offset, 1, buffer);
    const float* const loaded = source.load(k, offset, 1, n, buffer);
    if (loaded != values) std::copy(loaded, loaded + n, values);
    for (int64_t i = 0; i < n; i += x.dim(2)) {
      k.rotate(values + i, values + i + pairs, cos.data<float>() + row * cos.stride(0),
               sin.data<float>() + row * sin.stride(0), pairs);
    }
    sink.store(k, values, offset, 1, n);
  }

  // Pairs [first, first + n) of the head at `head`, whatever the strides; at most a chunk.
  void rotate_pairs(int64_t head, int64_t first, int64_t n, int64_t row) const {
    ChunkBuffer real, imaginary, c, s;
    const int64_t step = x.stride(2);
    const int64_t offset = head + first * step;
    const int64_t partner = offset + pairs * step;
    float* const a = sink.target(offset, step, real);
    float* const b = sink.target(partner, step, imaginary);
    const float* loaded = source.load(k, offset, step, n, real);
    if (loaded != a) std::copy(loaded, loaded + n, a);
    loaded = source.load(k, partner, step, n, imaginary);
    if (loaded != b) std::copy(loaded, loaded + n, b);
    const auto angles = [&](const Tensor& table, ChunkBuffer& to) {
      const int64_t at = row * table.stride(0) + first * table.stride(1);
      return FloatSource(table).load(k, at, table.stride(1), n, to);
    };
    k.rotate(a, b, angles(cos, c), angles(sin, s), n);
    sink.store(k, a, offset, step, n);
    sink.store(k, b, partner, step, n);
  }
};

}  // namespace

void CpuPositionOps::rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                                      const Tensor& positions) {
  check_rotary(x, cos, sin, positions);
  const int64_t heads = x.dim(1);
  const int64_t pairs = cos.dim(1);
  const int32_t* const position = positions.data<int32_t>();
  const Rotation rotation{context_.kernels, x, cos, sin, pairs, FloatSource(x), FloatSink(x)};
  const bool dense = rotation.is_dense();
  const int64_t grain = std::max<int64_t>(1, kGrainElements / std::max<int64_t>(1, 2 * pairs));
  context_.pool.parallel_for(x.dim(0) * heads, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin, count = 1; i < end; i += count) {
      const int64_t token = i / heads, head = i % heads;
      const int64_t row = position[token * positions.stride(0)];
      const int64_t offset = token * x.stride(0) + head * x.stride(1);
      if (dense && x.dtype() == DataType::kBF16) {
        rotation.rotate_bf16_head(offset, row);
        continue;
      }
      if (dense) {
        count = std::min({heads - head, kChunk / x.dim(2), end - i});
        rotation.rotate_heads(offset, count, row);
        continue;
      }
      for (int64_t first = 0; first < pairs; first += kChunk) {
        rotation.rotate_pairs(offset, first, std::min(kChunk, pairs - first), row);
      }
    }
  });
}

}  // namespace ferrum
