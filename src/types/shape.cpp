#include "ferrum/types/shape.h"

#include <algorithm>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {

Shape::Shape(std::initializer_list<int64_t> dims)
    : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank) {
    throw Error(ErrorCode::kInvalidArgument, "a shape of " + std::to_string(dims.size()) +
                                                 " dimensions, at most " +
                                                 std::to_string(kMaxRank) + " are supported");
  }
  rank_ = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), dims_.begin());
  // The product is taken over the non-zero extents too, so that [2^40, 2^40, 0] is refused: a
  // view of it could otherwise overflow.
  int64_t product = 1;
  bool empty = false;
  for (const int64_t dim : dims) {
    const auto next = dim == 0 ? product : checked_mul(product, dim);
    if (dim < 0 || !next) {
      throw Error(ErrorCode::kInvalidArgument,
                  dim < 0 ? "a shape has the negative extent " + std::to_string(dim)
                          : "the number of elements of a shape does not fit in 64 bits");
    }
    empty = empty || dim == 0;
    product = *next;
  }
  numel_ = empty ? 0 : product;
}

int Shape::resolve_dim(int dim) const {
  const int resolved = dim < 0 ? dim + rank_ : dim;
  if (resolved < 0 || resolved >= rank_) {
    throw Error(ErrorCode::kInvalidArgument, "dimension " + std::to_string(dim) +
                                                 " of a tensor of rank " + std::to_string(rank_));
  }
  return resolved;
}

Shape Shape::with_dim(int dim, int64_t extent) const {
  std::array<int64_t, kMaxRank> dims = dims_;
  dims[static_cast<size_t>(resolve_dim(dim))] = extent;
  return Shape(std::span<const int64_t>(dims.data(), static_cast<size_t>(rank_)));
}

Shape Shape::broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<int64_t, kMaxRank> dims{};
  for (int i = 1; i <= rank; ++i) {
    const int64_t x = i <= a.rank() ? a[a.rank() - i] : 1;
    const int64_t y = i <= b.rank() ? b[b.rank() - i] : 1;
    if (x != y && x != 1 && y != 1) {
      throw Error(ErrorCode::kInvalidArgument,
                  "shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    }
    dims[static_cast<size_t>(rank - i)] = x == 1 ? y : x;
  }
  return Shape(std::span<const int64_t>(dims.data(), static_cast<size_t>(rank)));
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(dims().begin(), dims().end(), other.dims().begin(), other.dims().end());
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const int64_t dim : shape.dims()) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

}  // namespace ferrum
