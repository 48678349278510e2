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

void run_silu_mul(const CpuContext& context, const Tensor& gate, const Tensor& up,
                  const Tensor& out) {
  const auto dense = [&](const Tensor& t) {
    return t.defined() && t.device().is_cpu() && t.dtype() == DataType::kBF16 &&
           t.is_contiguous() && t.shape() == out.shape();
  };
  if (!dense(out) || !dense(gate) || !dense(up)) {
    return run_binary(context, context.kernels.silu_mul, gate, up, out);
  }
  const auto* const a = gate.data<BFloat16>();
  const auto* const b = up.data<BFloat16>();
  auto* const result = out.mutable_data<BFloat16>();
  context.pool.parallel_for(out.numel(), kGrain, [&](int64_t begin, int64_t end) {
    context.kernels.silu_mul_bf16(&a[begin].bits, &b[begin].bits, &result[begin].bits, end - begin);
  });
}

}  // namespace ferrum
