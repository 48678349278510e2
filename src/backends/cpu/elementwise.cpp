#include "backends/cpu/elementwise.h"

#include "backends/cpu/element_loop.h"
#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"

namespace ferrum {
namespace {

constexpr int64_t kGrain = 16 * kChunk;  // elements worth a second thread

}  // namespace

void run_unary(const CpuContext& context, VectorKernels::Unary kernel, const Tensor& x,
               const Tensor& out) {
  require_float(x, "x");
  require_float(out, "out");
  require_shape(out, "out", x.shape());
  const ElementLoop<2> loop(out.shape(), {&x, &out});
  const FloatSource source(x);
  const FloatSink sink(out);
  const VectorKernels& k = context.kernels;
  context.pool.parallel_for(loop.count(), kGrain, [&](int64_t begin, int64_t end) {
    ChunkBuffer in, result;
    loop.run(begin, end, kChunk, [&](const auto& run) {
      const int64_t n = run.length;
      const int64_t step = loop.inner_stride(1);
      float* target = sink.target(run.offset[1], step, result);
      kernel(source.load(k, run.offset[0], loop.inner_stride(0), n, in), target, n);
      sink.store(k, target, run.offset[1], step, n);
    });
  });
}

void run_binary(const CpuContext& context, VectorKernels::Binary kernel, const Tensor& a,
                const Tensor& b, const Tensor& out) {
  require_float(a, "a");
  require_float(b, "b");
  require_float(out, "out");
  require_shape(out, "out", Shape::broadcast(a.shape(), b.shape()));
  const ElementLoop<3> loop(out.shape(), {&a, &b, &out});
  const FloatSource left(a);
  const FloatSource right(b);
  const FloatSink sink(out);
  const VectorKernels& k = context.kernels;
  context.pool.parallel_for(loop.count(), kGrain, [&](int64_t begin, int64_t end) {
    ChunkBuffer in_a, in_b, result;
    loop.run(begin, end, kChunk, [&](const auto& run) {
      const int64_t n = run.length;
      const int64_t step = loop.inner_stride(2);
      const float* x = left.load(k, run.offset[0], loop.inner_stride(0), n, in_a);
      const float* y = right.load(k, run.offset[1], loop.inner_stride(1), n, in_b);
      float* target = sink.target(run.offset[2], step, result);
      kernel(x, y, target, n);
      sink.store(k, target, run.offset[2], step, n);
    });
  });
}

}  // namespace ferrum
