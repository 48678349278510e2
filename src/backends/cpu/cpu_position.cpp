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

}  // namespace

void CpuPositionOps::rotary_embedding(const Tensor& x, const Tensor& cos, const Tensor& sin,
                                      const Tensor& positions) {
  check_rotary(x, cos, sin, positions);
  const VectorKernels& k = context_.kernels;
  const int64_t heads = x.dim(1);
  const int64_t pairs = cos.dim(1);
  const int32_t* position = positions.data<int32_t>();
  const FloatSource source(x), cosines(cos), sines(sin);
  const FloatSink sink(x);

  // Pairs [first, first + n) of one head.
  const auto rotate = [&](int64_t token, int64_t head, int64_t first, int64_t n) {
    ChunkBuffer real, imaginary, c, s;
    const int64_t row = position[token * positions.stride(0)];
    const int64_t step = x.stride(2);
    const int64_t offset = token * x.stride(0) + head * x.stride(1) + first * step;
    const int64_t partner = offset + pairs * step;
    float* a = sink.target(offset, step, real);
    float* b = sink.target(partner, step, imaginary);
    const float* loaded = source.load(k, offset, step, n, real);
    if (loaded != a) std::copy(loaded, loaded + n, a);
    loaded = source.load(k, partner, step, n, imaginary);
    if (loaded != b) std::copy(loaded, loaded + n, b);
    k.rotate(a, b,
             cosines.load(k, row * cos.stride(0) + first * cos.stride(1), cos.stride(1), n, c),
             sines.load(k, row * sin.stride(0) + first * sin.stride(1), sin.stride(1), n, s), n);
    sink.store(k, a, offset, step, n);
    sink.store(k, b, partner, step, n);
  };

  const int64_t grain = std::max<int64_t>(1, kGrainElements / std::max<int64_t>(1, 2 * pairs));
  context_.pool.parallel_for(x.dim(0) * heads, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t first = 0; first < pairs; first += kChunk) {
        rotate(i / heads, i % heads, first, std::min(kChunk, pairs - first));
      }
    }
  });
}

}  // namespace ferrum
