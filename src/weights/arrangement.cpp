#include "weights/arrangement.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "ferrum/weights/weight_reader.h"

namespace ferrum {
namespace {

// Whether the strides of `view` can express `shape`: where dimensions meet that do not lie in a
// row, dimensions of `shape` must meet too.
bool can_reshape(const Tensor& view, const Shape& shape) {
  if (view.numel() == 0) return true;
  const std::vector<ElementLoop> loops = loops_of(view);
  int d = shape.rank();
  int64_t inner = 1, below = 1;
  for (size_t i = loops.size(); i-- > 1;) {
    inner *= loops[i].extent;
    while (below < inner) below *= shape[--d];
    if (below != inner) return false;
  }
  return true;
}

Tensor count_of(int64_t numel, const Shape& shape) {
  return Tensor(extent_storage(numel), shape, DataType::kU8);
}

// `count` without the first `skipped` indices, of `numel` in all.
Tensor without_first(const Tensor& count, int64_t skipped, int64_t numel) {
  std::array<int64_t, Shape::kMaxRank> strides{};
  for (int d = 0; d < count.rank(); ++d) strides[static_cast<size_t>(d)] = count.stride(d);
  return Tensor::strided(extent_storage(numel), count.shape(),
                         {strides.data(), static_cast<size_t>(count.rank())}, count.dtype(),
                         count.byte_offset() - skipped);
}

// The part of `view` with elements [first, last] of its row-major order, as far as whole indices of
// the outermost dimensions go; `first` becomes the number of elements before it.
Tensor rows_around(Tensor view, int64_t& first, int64_t last) {
  int64_t skipped = 0, inner = view.numel();
  for (int d = 0; d < view.rank(); ++d) {
    inner /= view.dim(d);
    const int64_t begin = (first - skipped) / inner, end = (last - skipped) / inner + 1;
    view = view.narrow(d, begin, end - begin);
    skipped += begin * inner;
    if (end - begin > 1) break;
  }
  first = skipped;
  return view;
}

template <size_t kBytes>
void store_strided(const std::byte* in, int64_t count, std::byte* out, int64_t step) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(out + i * step * int64_t{kBytes}, in + i * int64_t{kBytes}, kBytes);
  }
}

}  // namespace

void Arrangement::add(const TransformStep& step) {
  if (step.is_reshape) return reshape(step.shape);
  last() = step.arrange(last());
  trim();
}

void Arrangement::reshape(const Shape& shape) {
  if (can_reshape(last(), shape)) last() = last().reshape(shape);
  else counts_.push_back(count_of(last().numel(), shape));
}

Arrangement Arrangement::narrow(int dim, int64_t start, int64_t length) const {
  Arrangement part = *this;
  part.last() = part.last().narrow(dim, start, length);
  part.trim();
  return part;
}

Arrangement Arrangement::column() const {
  Arrangement result = *this;
  result.reshape(Shape{shape().numel(), 1});
  return result;
}

bool Arrangement::is_view() const {
  const Tensor* below = &view_;
  for (const Tensor& count : counts_) {
    if (count.numel() != below->numel() || !count.is_contiguous()) return false;
    below = &count;
  }
  return true;
}

// Leaves out of every view what the next one does not take.
void Arrangement::trim() {
  if (shape().numel() == 0) return;
  for (size_t i = counts_.size(); i-- > 0;) {
    Tensor& count = counts_[i];
    Tensor& below = i > 0 ? counts_[i - 1] : view_;
    int64_t first = count.byte_offset(), last = first;
    for (int d = 0; d < count.rank(); ++d) last += (count.dim(d) - 1) * count.stride(d);
    below = rows_around(below, first, last);
    count = without_first(count, first, below.numel());
  }
}

ElementPlaces::ElementPlaces(const Arrangement& arrangement, std::byte* out, int64_t element_bytes)
    : out_(out), element_bytes_(element_bytes) {
  for (const Tensor& count : arrangement.counts_) {
    Level level{count.byte_offset(), loops_of(count)};
    std::sort(level.loops.begin(), level.loops.end(),
              [](const ElementLoop& a, const ElementLoop& b) { return a.in_stride > b.in_stride; });
    levels_.push_back(std::move(level));
  }
}

// The strides are those of digits: each is larger than what all smaller ones reach together.
ElementPlaces::Piece ElementPlaces::find(const Level& level, int64_t index) {
  if (index < level.first) return {-1, level.first - index, 0};
  int64_t rest = index - level.first;
  Piece piece{0, 1, 1};
  int64_t room = std::numeric_limits<int64_t>::max();  // indices up to the next of the digit before
  for (const auto& [extent, in_stride, out_stride] : level.loops) {
    const int64_t digit = rest / in_stride;
    if (digit >= extent) return {-1, room, 0};
    rest -= digit * in_stride;
    room = in_stride - rest;
    piece = {piece.at + digit * out_stride, in_stride == 1 ? extent - digit : 1, out_stride};
  }
  return rest == 0 ? piece : Piece{-1, room, 0};
}

void ElementPlaces::put(size_t level, int64_t index, int64_t count,
                        const std::byte* elements) const {
  while (count > 0) {
    Piece piece = find(levels_[level], index);
    piece.count = std::min(piece.count, count);
    if (piece.at >= 0 && level + 1 == levels_.size()) {
      store(piece, elements);
    } else if (piece.at >= 0 && piece.step == 1) {
      put(level + 1, piece.at, piece.count, elements);
    } else if (piece.at >= 0) {
      for (int64_t i = 0; i < piece.count; ++i) {
        put(level + 1, piece.at + i * piece.step, 1, elements + i * element_bytes_);
      }
    }
    index += piece.count;
    count -= piece.count;
    elements += piece.count * element_bytes_;
  }
}

void ElementPlaces::store(const Piece& piece, const std::byte* elements) const {
  std::byte* const out = out_ + piece.at * element_bytes_;
  if (piece.step == 1) {
    std::memcpy(out, elements, static_cast<size_t>(piece.count * element_bytes_));
    return;
  }
  switch (element_bytes_) {
    case 1: return store_strided<1>(elements, piece.count, out, piece.step);
    case 2: return store_strided<2>(elements, piece.count, out, piece.step);
    case 4: return store_strided<4>(elements, piece.count, out, piece.step);
    default: return store_strided<8>(elements, piece.count, out, piece.step);
  }
}

}  // namespace ferrum
