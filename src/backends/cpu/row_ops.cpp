#include "backends/cpu/row_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"

namespace ferrum {
namespace {

constexpr int64_t kGrainElements = 16 * kChunk;

// The rows of a tensor along one dimension.
class Rows {
 public:
  Rows(const Tensor& tensor, int dim) : length_(tensor.dim(dim)), stride_(tensor.stride(dim)) {
    for (int d = 0; d < tensor.rank(); ++d) {
      if (d == dim) continue;
      extents_[rank_] = tensor.dim(d);
      strides_[rank_++] = tensor.stride(d);
      count_ *= tensor.dim(d);
    }
  }

  int64_t count() const { return count_; }
  int64_t length() const { return length_; }
  int64_t stride() const { return stride_; }

  int64_t offset(int64_t row) const {
    int64_t result = 0;
    for (size_t d = rank_; d-- > 0;) {
      result += row % extents_[d] * strides_[d];
      row /= extents_[d];
    }
    return result;
  }

 private:
  std::array<int64_t, Shape::kMaxRank> extents_{};
  std::array<int64_t, Shape::kMaxRank> strides_{};
  size_t rank_ = 0;
  int64_t count_ = 1;
  int64_t length_;
  int64_t stride_;
};

// One row, read chunk by chunk.
struct RowSource {
  const VectorKernels& kernels;
  const FloatSource& source;
  int64_t offset;
  int64_t stride;

  const float* load(int64_t begin, int64_t n, ChunkBuffer& buffer) const {
    return source.load(kernels, offset + begin * stride, stride, n, buffer);
  }
};

// f(begin, n) for the chunks of a row.
template <class F>
void for_chunks(int64_t length, F&& f) {
  for (int64_t begin = 0; begin < length; begin += kChunk)
    f(begin, std::min(kChunk, length - begin));
}

template <class F>
void for_rows(const CpuContext& context, const Rows& rows, F&& f) {
  const int64_t grain = std::max<int64_t>(1, kGrainElements / std::max<int64_t>(1, rows.length()));
  context.pool.parallel_for(rows.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row);
  });
}

struct Normalization {
  float mean;
  float factor;
};

float rms_factor(float squares, int64_t length, float eps) {
  return 1 / std::sqrt(squares / static_cast<float>(length) + eps);
}

Normalization rms(const RowSource& row, int64_t length, float eps) {
  ChunkBuffer buffer;
  float squares = 0;
  for_chunks(length, [&](int64_t begin, int64_t n) {
    squares += row.kernels.sum_squares(row.load(begin, n, buffer), 0, n);
  });
  return {0, rms_factor(squares, length, eps)};
}

// Two passes: the variance of values far from zero would drown in their squares.
Normalization mean_and_variance(const RowSource& row, int64_t length, float eps) {
  ChunkBuffer buffer;
  float sum = 0;
  for_chunks(length, [&](int64_t begin, int64_t n) {
    sum += row.kernels.sum(row.load(begin, n, buffer), n);
  });
  const float mean = sum / static_cast<float>(length);
  float squares = 0;
  for_chunks(length, [&](int64_t begin, int64_t n) {
    squares += row.kernels.sum_squares(row.load(begin, n, buffer), mean, n);
  });
  return {mean, 1 / std::sqrt(squares / static_cast<float>(length) + eps)};
}

// out = (x - mean) * factor * weight + bias, one row.
class RowNormalizer {
 public:
  RowNormalizer(const VectorKernels& kernels, const Tensor& weight, const Tensor& bias,
                const Tensor& out)
      : kernels_(kernels),
        weight_(weight),
        bias_(bias.defined() ? bias : weight),
        has_bias_(bias.defined()),
        weight_stride_(weight.stride(0)),
        bias_stride_(bias.defined() ? bias.stride(0) : 0),
        sink_(out) {}

  void run(const RowSource& row, const Normalization& normalization, int64_t length,
           int64_t out_offset, int64_t out_stride) const {
    ChunkBuffer x, w, b, result;
    for_chunks(length, [&](int64_t begin, int64_t n) {
      const float* weight = weight_.load(kernels_, begin * weight_stride_, weight_stride_, n, w);
      const float* bias =
          has_bias_ ? bias_.load(kernels_, begin * bias_stride_, bias_stride_, n, b) : nullptr;
      const int64_t offset = out_offset + begin * out_stride;
      float* target = sink_.target(offset, out_stride, result);
      kernels_.normalize(row.load(begin, n, x), normalization.mean, normalization.factor, weight,
                         bias, target, n);
      sink_.store(kernels_, target, offset, out_stride, n);
    });
  }

 private:
  const VectorKernels& kernels_;
  FloatSource weight_;
  FloatSource bias_;
  bool has_bias_;
  int64_t weight_stride_;
  int64_t bias_stride_;
  FloatSink sink_;
};

void check_norm(const Tensor& x, const Tensor& weight, const Tensor& out) {
  require_float(x, "x");
  require_float(weight, "weight");
  require_float(out, "out");
  require_shape(out, "out", x.shape());
  require_shape(weight, "weight", Shape{x.dim(-1)});
}

using Statistics = Normalization (*)(const RowSource&, int64_t, float);

void run_norm(const CpuContext& context, Statistics statistics, const Tensor& x,
              const Tensor& weight, const Tensor& bias, float eps, const Tensor& out) {
  const Rows rows(x, x.rank() - 1);
  const Rows out_rows(out, x.rank() - 1);
  const FloatSource source(x);
  const RowNormalizer normalizer(context.kernels, weight, bias, out);
  for_rows(context, rows, [&](int64_t r) {
    const RowSource row{context.kernels, source, rows.offset(r), rows.stride()};
    normalizer.run(row, statistics(row, rows.length(), eps), rows.length(), out_rows.offset(r),
                   out_rows.stride());
  });
}

// out = factor * exp(x - max), one row; without `sink` only the sum of the exp.
float exp_row(const RowSource& row, int64_t length, float max) {
  ChunkBuffer x, result;
  float sum = 0;
  for_chunks(length, [&](int64_t begin, int64_t n) {
    sum += row.kernels.exp_shifted(row.load(begin, n, x), max, result.values, n);
  });
  return sum;
}

void softmax_row(const RowSource& row, int64_t length, const FloatSink& sink, int64_t out_offset,
                 int64_t out_stride) {
  const VectorKernels& k = row.kernels;
  ChunkBuffer x, result;
  float max = -std::numeric_limits<float>::infinity();
  for_chunks(length, [&](int64_t begin, int64_t n) {
    max = std::max(max, k.max(row.load(begin, n, x), n));
  });
  // A row of only -inf gives zeros: exp(-inf - 0) is zero, and so is the factor.
  const bool empty = max == -std::numeric_limits<float>::infinity();
  if (empty) max = 0;
  const float sum = exp_row(row, length, max);
  const float factor = sum == 0 ? 0 : 1 / sum;
  for_chunks(length, [&](int64_t begin, int64_t n) {
    const int64_t offset = out_offset + begin * out_stride;
    float* target = sink.target(offset, out_stride, result);
    k.exp_shifted(row.load(begin, n, x), max, target, n);
    k.scale(target, factor, target, n);
    sink.store(k, target, offset, out_stride, n);
  });
}

bool has_bf16_rows(const Tensor& t) { return t.dtype() == DataType::kBF16 && t.stride(-1) == 1; }

// add_rms_norm of bf16 rows, in two passes over each; the same to the bit.
void run_add_rms_norm_bf16(const CpuContext& context, const Tensor& x, const Tensor& residual,
                           const Tensor& weight, float eps, const Tensor& out) {
  const auto* const from = static_cast<const uint16_t*>(x.raw_data());
  const auto* const factors = static_cast<const uint16_t*>(weight.raw_data());
  auto* const sums = static_cast<uint16_t*>(residual.mutable_raw_data());
  auto* const to = static_cast<uint16_t*>(out.mutable_raw_data());
  const VectorKernels& k = context.kernels;
  const int last = x.rank() - 1;
  const Rows rows(x, last), sum_rows(residual, last), out_rows(out, last);
  for_rows(context, rows, [&](int64_t r) {
    uint16_t* const sum = sums + sum_rows.offset(r);
    float squares = 0;
    for_chunks(rows.length(), [&](int64_t begin, int64_t n) {
      squares += k.add_bf16(from + rows.offset(r) + begin, sum + begin, n);
    });
    k.normalize_bf16(sum, rms_factor(squares, rows.length(), eps), factors,
                     to + out_rows.offset(r), rows.length());
  });
}

}  // namespace

void run_softmax(const CpuContext& context, const Tensor& x, int dim, const Tensor& out) {
  require_float(x, "x");
  require_float(out, "out");
  require_shape(out, "out", x.shape());
  const int resolved = x.shape().resolve_dim(dim);
  const Rows rows(x, resolved);
  const Rows out_rows(out, resolved);
  const FloatSource source(x);
  const FloatSink sink(out);
  for_rows(context, rows, [&](int64_t r) {
    softmax_row({context.kernels, source, rows.offset(r), rows.stride()}, rows.length(), sink,
                out_rows.offset(r), out_rows.stride());
  });
}

void run_layer_norm(const CpuContext& context, const Tensor& x, const Tensor& weight,
                    const Tensor& bias, float eps, const Tensor& out) {
  check_norm(x, weight, out);
  if (bias.defined()) {
    require_float(bias, "bias");
    require_shape(bias, "bias", weight.shape());
  }
  run_norm(context, mean_and_variance, x, weight, bias, eps, out);
}

void run_rms_norm(const CpuContext& context, const Tensor& x, const Tensor& weight, float eps,
                  const Tensor& out) {
  check_norm(x, weight, out);
  run_norm(context, rms, x, weight, Tensor(), eps, out);
}

void run_add_rms_norm(const CpuContext& context, const Tensor& x, const Tensor& residual,
                      const Tensor& weight, float eps, const Tensor& out) {
  check_norm(x, weight, out);
  require_float(residual, "residual");
  require_shape(residual, "residual", x.shape());
  const auto all = {&x, &residual, &weight, &out};
  if (std::all_of(all.begin(), all.end(), [](const Tensor* t) { return has_bf16_rows(*t); })) {
    return run_add_rms_norm_bf16(context, x, residual, weight, eps, out);
  }
  const int last = x.rank() - 1;
  const Rows rows(x, last), sum_rows(residual, last), out_rows(out, last);
  const FloatSource source(x), sums(residual);
  const FloatSink sink(residual);
  const RowNormalizer normalizer(context.kernels, weight, Tensor(), out);
  const VectorKernels& k = context.kernels;
  for_rows(context, rows, [&](int64_t r) {
    const RowSource row{k, source, rows.offset(r), rows.stride()};
    const RowSource sum{k, sums, sum_rows.offset(r), sum_rows.stride()};
    ChunkBuffer a, b, result;
    for_chunks(rows.length(), [&](int64_t begin, int64_t n) {
      const int64_t offset = sum.offset + begin * sum.stride;
      float* target = sink.target(offset, sum.stride, result);
      k.add(sum.load(begin, n, a), row.load(begin, n, b), target, n);
      sink.store(k, target, offset, sum.stride, n);
    });
    // Reads the residual back, so that the norm is of what was stored.
    normalizer.run(sum, rms(sum, rows.length(), eps), rows.length(), out_rows.offset(r),
                   out_rows.stride());
  });
}

}  // namespace ferrum
