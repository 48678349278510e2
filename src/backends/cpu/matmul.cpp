#include "backends/cpu/matmul.h"

#include <algorithm>
#include <array>
#include <memory>

#include "backends/cpu/element_loop.h"
#include "backends/cpu/float_runs.h"
#include "backends/cpu/op_checks.h"

namespace ferrum {
namespace {

// Blocks that lie in the second-level cache: rows of a, columns of b, and the depth of both.
constexpr int64_t kRows = 64;
constexpr int64_t kDepth = 256;

struct Scratch {
  alignas(64) float a[kRows * kDepth];           // [rows, depth]
  alignas(64) float b[kDepth * kMatmulColumns];  // [depth, columns], zero past the last column
  alignas(64) float sums[kRows * kMatmulColumns];
};

// Made on a thread's first product.
Scratch& thread_scratch() {
  static thread_local const auto scratch = std::make_unique<Scratch>();
  return *scratch;
}

// One matrix among a batch.
struct Matrix {
  FloatSource source;
  int64_t offset;
  int64_t row_stride;
  int64_t column_stride;
};

Shape leading(const Tensor& t) {
  return Shape(t.shape().dims().first(static_cast<size_t>(t.rank() - 2)));
}

void check_matmul(const Tensor& a, const Tensor& b, const Tensor& out) {
  require_float(a, "a");
  require_float(b, "b");
  require_float(out, "out");
  if (a.rank() < 2 || b.rank() < 2 || a.dim(-1) != b.dim(-2)) {
    throw Error(ErrorCode::kInvalidArgument, "a is " + to_string(a) + " and b is " + to_string(b),
                "[..., m, k] and [..., k, n] make a product");
  }
  const Shape batch = Shape::broadcast(leading(a), leading(b));
  std::array<int64_t, Shape::kMaxRank> dims{};
  const auto end = std::copy(batch.dims().begin(), batch.dims().end(), dims.begin());
  end[0] = a.dim(-2);
  end[1] = b.dim(-1);
  require_shape(
      out, "out",
      Shape(std::span<const int64_t>(dims.data(), static_cast<size_t>(batch.rank()) + 2)));
}

// rows x columns elements from (row, column) on, as f32 rows of `pitch`, read along whichever
// dimension lies contiguously.
void pack(const VectorKernels& k, const Matrix& m, int64_t row, int64_t column, int64_t rows,
          int64_t columns, int64_t pitch, float* out) {
  ChunkBuffer buffer;
  const int64_t start = m.offset + row * m.row_stride + column * m.column_stride;
  if (m.column_stride != 1 && m.row_stride == 1) {
    for (int64_t c = 0; c < columns; ++c) {
      const float* run = m.source.load(k, start + c * m.column_stride, 1, rows, buffer);
      for (int64_t r = 0; r < rows; ++r) out[r * pitch + c] = run[r];
    }
    return;
  }
  for (int64_t r = 0; r < rows; ++r) {
    const float* run = m.source.load(k, start + r * m.row_stride, m.column_stride, columns, buffer);
    std::copy(run, run + columns, out + r * pitch);
  }
}

// The product of one batch entry.
struct Product {
  Matrix a;
  Matrix b;
  int64_t out_offset;
  int64_t depth;
};

// The block of `rows` x `columns` of a product from (row, column) on.
void multiply_block(const VectorKernels& k, const Product& p, const Tensor& out, int64_t row,
                    int64_t column, const FloatSink& sink, Scratch& scratch) {
  const int64_t rows = std::min(kRows, out.dim(-2) - row);
  const int64_t columns = std::min(kMatmulColumns, out.dim(-1) - column);
  std::fill_n(scratch.sums, rows * kMatmulColumns, 0.0f);
  if (columns < kMatmulColumns) std::fill_n(scratch.b, kDepth * kMatmulColumns, 0.0f);
  for (int64_t begin = 0; begin < p.depth; begin += kDepth) {
    const int64_t depth = std::min(kDepth, p.depth - begin);
    pack(k, p.a, row, begin, rows, depth, depth, scratch.a);
    pack(k, p.b, begin, column, depth, columns, kMatmulColumns, scratch.b);
    k.matmul_tile(scratch.a, scratch.b, scratch.sums, rows, depth);
  }
  for (int64_t r = 0; r < rows; ++r) {
    sink.store(k, scratch.sums + r * kMatmulColumns,
               p.out_offset + (row + r) * out.stride(-2) + column * out.stride(-1), out.stride(-1),
               columns);
  }
}

}  // namespace

void run_matmul(const CpuContext& context, const Tensor& a, const Tensor& b, const Tensor& out) {
  check_matmul(a, b, out);
  if (out.numel() == 0) return;
  // The first matrix of each batch entry, found by a walk over the leading dimensions alone.
  const auto first = [](const Tensor& t) {
    return t.narrow(-1, 0, std::min<int64_t>(1, t.dim(-1)))
        .narrow(-2, 0, std::min<int64_t>(1, t.dim(-2)));
  };
  const Shape walk = first(out).shape();
  const bool no_depth = a.dim(-1) == 0;
  const Tensor a0 = no_depth ? first(out) : first(a);
  const Tensor b0 = no_depth ? first(out) : first(b);
  const Tensor out0 = first(out);
  const ElementLoop<3> batch(walk, {&a0, &b0, &out0});
  const FloatSource a_source(a);
  const FloatSource b_source(b);
  const FloatSink sink(out);
  const int64_t panels = (out.dim(-1) + kMatmulColumns - 1) / kMatmulColumns;
  const int64_t blocks = (out.dim(-2) + kRows - 1) / kRows;
  context.pool.parallel_for(batch.count() * panels * blocks, 1, [&](int64_t begin, int64_t end) {
    Scratch& scratch = thread_scratch();
    for (int64_t task = begin; task < end; ++task) {
      batch.run(task / (panels * blocks), task / (panels * blocks) + 1, 1, [&](const auto& run) {
        const Product product{{a_source, run.offset[0], a.stride(-2), a.stride(-1)},
                              {b_source, run.offset[1], b.stride(-2), b.stride(-1)},
                              run.offset[2],
                              a.dim(-1)};
        multiply_block(context.kernels, product, out, task / panels % blocks * kRows,
                       task % panels * kMatmulColumns, sink, scratch);
      });
    }
  });
}

}  // namespace ferrum
