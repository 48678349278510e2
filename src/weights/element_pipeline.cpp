#include "weights/element_pipeline.h"

#include <algorithm>
#include <cstring>

#include "weights/packed_elements.h"

namespace ferrum {
namespace {

constexpr int64_t kWindow = 8192;     // elements between two conversions: two windows fit in L2
constexpr int64_t kPiece = 1 << 18;   // elements between two reports
constexpr int64_t kTile = 64;         // elements a side, so that a column's cache lines are reused
constexpr int64_t kMaxElementBytes = 8;

// tile[r][c] = in[r * row_stride + c * column_stride], in elements of kBytes.
template <size_t kBytes>
void copy_tile(const std::byte* in, int64_t row_stride, int64_t column_stride, int64_t rows,
               int64_t columns, std::byte* tile) {
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) {
      std::memcpy(tile + static_cast<size_t>(r * kTile + c) * kBytes,
                  in + (r * row_stride + c * column_stride) * static_cast<int64_t>(kBytes), kBytes);
    }
  }
}

auto tile_copy(int64_t element_bytes) {
  switch (element_bytes) {
    case 1: return copy_tile<1>;
    case 2: return copy_tile<2>;
    case 4: return copy_tile<4>;
    default: return copy_tile<8>;
  }
}

}  // namespace

std::vector<ElementLoop> loops_of(const Tensor& view) {
  std::vector<ElementLoop> loops;
  for (int d = 0; d < view.rank(); ++d) {
    const int64_t extent = view.dim(d), stride = view.stride(d);
    if (extent == 1) continue;
    if (!loops.empty() && loops.back().in_stride == extent * stride) {
      loops.back() = {loops.back().extent * extent, stride, 0};
    } else {
      loops.push_back({extent, stride, 0});
    }
  }
  int64_t stride = 1;
  for (size_t i = loops.size(); i-- > 0;) {
    loops[i].out_stride = stride;
    stride *= loops[i].extent;
  }
  return loops;
}

void for_each_element(std::span<const ElementLoop> loops,
                      FunctionRef<void(int64_t in, int64_t out)> body) {
  std::vector<int64_t> index(loops.size(), 0);
  int64_t in = 0, out = 0;
  for (;;) {
    body(in, out);
    size_t d = loops.size();
    for (; d > 0; --d) {
      const ElementLoop& loop = loops[d - 1];
      in += loop.in_stride;
      out += loop.out_stride;
      if (++index[d - 1] < loop.extent) break;
      in -= loop.extent * loop.in_stride;
      out -= loop.extent * loop.out_stride;
      index[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

void ElementPipeline::add(const TransformStep& step) {
  if (!steps_.empty()) {
    scratch_[(steps_.size() - 1) % 2].resize(static_cast<size_t>(kWindow * kMaxElementBytes));
  }
  steps_.push_back(&step);
  output_ = step.dtype;
}

void ElementPipeline::run(const std::byte* in, std::byte* out, int64_t count) {
  const int64_t in_bytes = unpacked_bytes(input_), out_bytes = unpacked_bytes(output_);
  if (steps_.empty()) {
    std::memcpy(out, in, static_cast<size_t>(count * in_bytes));
    return;
  }
  for (int64_t at = 0; at < count; at += kWindow) {
    const int64_t window = std::min(kWindow, count - at);
    const std::byte* from = in + at * in_bytes;
    for (size_t i = 0; i < steps_.size(); ++i) {
      std::byte* to = i + 1 == steps_.size() ? out + at * out_bytes : scratch_[i % 2].data();
      steps_[i]->convert(from, to, window);
      from = to;
    }
  }
}

int64_t ElementPipeline::run_bytes(std::span<const std::byte> in, std::byte* out) {
  if (steps_.empty()) {  // packed elements too, as they lie
    std::memcpy(out, in.data(), in.size());
    return static_cast<int64_t>(in.size());
  }
  const int64_t count = static_cast<int64_t>(in.size()) / unpacked_bytes(input_);
  run(in.data(), out, count);
  return count * unpacked_bytes(output_);
}

void ElementPipeline::gather(const Tensor& view, std::byte* out,
                             FunctionRef<void(int64_t bytes)> done) {
  if (view.numel() == 0) return;
  const auto* in = static_cast<const std::byte*>(view.raw_data());
  if (!is_byte_sized(view.dtype())) {  // packed elements are contiguous
    std::memcpy(out, in, static_cast<size_t>(view.size_bytes()));
    done(view.size_bytes());
    return;
  }
  gather(loops_of(view), in, out, done);
}

void ElementPipeline::gather(std::vector<ElementLoop> loops, const std::byte* in, std::byte* out,
                             FunctionRef<void(int64_t bytes)> done) {
  const int64_t out_bytes = unpacked_bytes(output_);
  const auto emit = [&](const std::byte* from, int64_t at, int64_t count) {
    run(from, out + at * out_bytes, count);
  };
  walk(std::move(loops), in, kPiece, emit, done);
}

void ElementPipeline::scatter(std::vector<ElementLoop> loops, const std::byte* in, ElementSink put,
                              FunctionRef<void(int64_t bytes)> done) {
  row_.resize(static_cast<size_t>(kWindow * kMaxElementBytes));
  const auto emit = [&](const std::byte* from, int64_t at, int64_t count) {
    if (empty()) return put(at, count, from);
    run(from, row_.data(), count);
    put(at, count, row_.data());
  };
  walk(std::move(loops), in, kWindow, emit, done);
}

// Hands emit(from, at, count) what lies in a row in the output, at most `piece` elements at a time.
template <class Emit>
void ElementPipeline::walk(std::vector<ElementLoop> loops, const std::byte* in, int64_t piece,
                           Emit emit, FunctionRef<void(int64_t bytes)> done) {
  const int64_t in_bytes = unpacked_bytes(input_);
  ElementLoop inner{1, 1, 1};  // along the output, so that conversions meet rows
  const auto along = std::find_if(loops.begin(), loops.end(),
                                  [](const ElementLoop& loop) { return loop.out_stride == 1; });
  if (along != loops.end()) {
    inner = *along;
    loops.erase(along);
  }

  if (inner.in_stride == 1) {
    for_each_element(loops, [&](int64_t from, int64_t to) {
      for (int64_t at = 0; at < inner.extent; at += piece) {
        const int64_t count = std::min(piece, inner.extent - at);
        emit(in + (from + at) * in_bytes, to + at, count);
        done(count * in_bytes);
      }
    });
    return;
  }

  // Columns become rows: the dimension whose elements lie closest together goes along.
  ElementLoop rows{1, 0, 0};
  const auto closest = std::min_element(
      loops.begin(), loops.end(),
      [](const ElementLoop& a, const ElementLoop& b) { return a.in_stride < b.in_stride; });
  if (closest != loops.end()) {
    rows = *closest;
    loops.erase(closest);
  }
  const auto copy = tile_copy(in_bytes);
  std::vector<std::byte> tile(static_cast<size_t>(kTile * kTile * in_bytes));
  for_each_element(loops, [&](int64_t from, int64_t to) {
    for (int64_t r = 0; r < rows.extent; r += kTile) {
      const int64_t height = std::min(kTile, rows.extent - r);
      for (int64_t c = 0; c < inner.extent; c += kTile) {
        const int64_t width = std::min(kTile, inner.extent - c);
        copy(in + (from + r * rows.in_stride + c * inner.in_stride) * in_bytes, rows.in_stride,
             inner.in_stride, height, width, tile.data());
        for (int64_t i = 0; i < height; ++i) {
          emit(tile.data() + i * kTile * in_bytes, to + (r + i) * rows.out_stride + c, width);
        }
        done(height * width * in_bytes);
      }
    }
  });
}

}  // namespace ferrum
