#include "backends/cpu/cpu_sampling.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <mutex>
#include <vector>

#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"
#include "tensor/sampling.h"

namespace ferrum {
namespace {

// The row's chunk with the largest maximum, the first among equals, then the place within it.
int32_t argmax_chunked(const VectorKernels& k, const FloatSource& source, int64_t offset,
                       int64_t stride, int64_t length) {
  ChunkBuffer buffer;
  float largest = -std::numeric_limits<float>::infinity();
  int64_t best = -1;
  for (int64_t begin = 0; begin < length; begin += kChunk) {
    const int64_t n = std::min(kChunk, length - begin);
    const float max = k.max(source.load(k, offset + begin * stride, stride, n, buffer), n);
    if (max > largest) {
      largest = max;
      best = begin;
    }
  }
  if (best < 0) return -1;
  const int64_t n = std::min(kChunk, length - best);
  const float* chunk = source.load(k, offset + best * stride, stride, n, buffer);
  const float* found = std::find(chunk, chunk + n, largest);
  return static_cast<int32_t>(best + (found - chunk));
}

void load_row(const VectorKernels& k, const FloatSource& source, int64_t offset, int64_t stride,
              std::vector<float>& row) {
  ChunkBuffer buffer;
  const auto length = static_cast<int64_t>(row.size());
  for (int64_t begin = 0; begin < length; begin += kChunk) {
    const int64_t n = std::min(kChunk, length - begin);
    const float* chunk = source.load(k, offset + begin * stride, stride, n, buffer);
    std::copy(chunk, chunk + n, row.data() + begin);
  }
}

}  // namespace

void CpuSamplingOps::argmax(const Tensor& logits, const Tensor& out) {
  check_sampling_shapes(logits, out);
  require_float(logits, "logits");
  require_on_cpu(out, "out");
  const FloatSource source(logits);
  int32_t* tokens = out.mutable_data<int32_t>();
  context_.pool.parallel_for(logits.dim(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      tokens[r * out.stride(0)] = argmax_chunked(context_.kernels, source, r * logits.stride(0),
                                                 logits.stride(1), logits.dim(1));
    }
  });
}

void CpuSamplingOps::sample(const Tensor& logits, std::span<const SamplingRow> rows,
                            const Tensor& out) {
  check_sampling_shapes(logits, out);
  check_sampling_rows(rows, logits.dim(0), logits.dim(1));
  require_float(logits, "logits");
  require_on_cpu(out, "out");
  const FloatSource source(logits);
  int32_t* tokens = out.mutable_data<int32_t>();
  std::mutex mutex;
  std::exception_ptr failure;
  context_.pool.parallel_for(logits.dim(0), 1, [&](int64_t begin, int64_t end) {
    thread_local SamplingScratch scratch;
    for (int64_t r = begin; r < end; ++r) {
      try {
        scratch.logits.resize(static_cast<size_t>(logits.dim(1)));
        load_row(context_.kernels, source, r * logits.stride(0), logits.stride(1), scratch.logits);
        tokens[r * out.stride(0)] = sample_row(rows[static_cast<size_t>(r)], scratch);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ferrum
