#include "ferrum/tensor/tensor.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "ferrum/types/checked.h"

namespace ferrum {
namespace {

using Strides = std::array<int64_t, Shape::kMaxRank>;

Strides contiguous_strides(const Shape& shape) {
  Strides strides{};
  int64_t step = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides[static_cast<size_t>(d)] = step;
    step *= std::max<int64_t>(shape[d], 1);
  }
  return strides;
}

// Appends the strides by which one run of elements, `extent` of them `stride` apart, is seen as
// the trailing part `dims` of a new shape.
void split_run(std::span<const int64_t> dims, int64_t stride, int64_t* strides) {
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
}

// The strides of `to` over the elements of (from, strides); false where they need a copy. Both
// shapes have the same, non-zero, number of elements.
bool reshaped_strides(const Shape& from, const Strides& strides, const Shape& to, Strides& result) {
  int next = 0;  // first dimension of `to` without strides yet
  for (int d = 0; d < from.rank();) {
    // A maximal run of dimensions that are contiguous with each other.
    int64_t extent = from[d];
    int64_t stride = strides[static_cast<size_t>(d)];
    for (++d; d < from.rank(); ++d) {
      const int64_t inner = strides[static_cast<size_t>(d)];
      if (from[d] != 1 && extent != 1 && stride != inner * from[d]) break;
      if (from[d] != 1) stride = inner;
      extent *= from[d];
    }
    const int first = next;
    int64_t covered = 1;
    while (next < to.rank() && covered < extent) covered *= to[next++];
    if (covered != extent) return false;
    split_run(to.dims().subspan(static_cast<size_t>(first), static_cast<size_t>(next - first)),
              stride, result.data() + first);
  }
  for (; next < to.rank(); ++next) result[static_cast<size_t>(next)] = 1;  // extents of one
  return true;
}

}  // namespace

Tensor::Tensor(std::shared_ptr<Storage> storage, const Shape& shape, DataType dtype,
               int64_t byte_offset)
    : storage_(std::move(storage)),
      shape_(shape),
      strides_(contiguous_strides(shape)),
      dtype_(dtype),
      byte_offset_(byte_offset) {
  if (!storage_) throw Error(ErrorCode::kInvalidArgument, "a tensor without storage");
  const int64_t bytes = bytes_of(dtype, shape.numel());
  const auto end = checked_add(byte_offset, bytes);
  if (byte_offset < 0 || !end || *end > storage_->size()) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(to_string(dtype)) + " " + to_string(shape) + " at byte " +
                    std::to_string(byte_offset) + " does not fit into " +
                    std::to_string(storage_->size()) + " bytes");
  }
}

Tensor Tensor::strided(std::shared_ptr<Storage> storage, const Shape& shape,
                       std::span<const int64_t> strides, DataType dtype, int64_t byte_offset) {
  if (!storage) throw Error(ErrorCode::kInvalidArgument, "a tensor without storage");
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorCode::kInvalidArgument, "a strided " + std::string(to_string(dtype)) + " " +
                                                 to_string(shape) + " " + why);
  };
  if (!is_byte_sized(dtype)) fail("of elements of less than a byte");
  if (strides.size() != static_cast<size_t>(shape.rank())) {
    fail("with " + std::to_string(strides.size()) + " strides");
  }
  Tensor result;
  result.strides_ = contiguous_strides(shape);  // where there is no step to take
  std::optional<int64_t> count = shape.numel() == 0 ? 0 : 1;  // up to the furthest element
  for (int d = 0; d < shape.rank(); ++d) {
    const int64_t stride = strides[static_cast<size_t>(d)];
    if (stride < 0) fail("with the negative stride " + std::to_string(stride));
    if (shape.numel() == 0 || shape[d] == 1) continue;
    result.strides_[static_cast<size_t>(d)] = stride;
    const auto reach = checked_mul(shape[d] - 1, stride);
    count = reach && count ? checked_add(*count, *reach) : std::nullopt;
  }
  const auto bytes = count ? checked_mul(*count, bits_of(dtype) / 8) : std::nullopt;
  const auto end = bytes ? checked_add(byte_offset, *bytes) : std::nullopt;
  if (byte_offset < 0 || !end || *end > storage->size()) {
    fail("at byte " + std::to_string(byte_offset) + " does not fit into " +
         std::to_string(storage->size()) + " bytes");
  }
  result.storage_ = std::move(storage);
  result.shape_ = shape;
  result.dtype_ = dtype;
  result.byte_offset_ = byte_offset;
  return result;
}

Tensor Tensor::over(std::shared_ptr<Storage> storage) const {
  if (!storage || storage->size() < storage_->size()) {
    throw Error(ErrorCode::kInvalidArgument, to_string(*this) + " over fewer bytes");
  }
  Tensor result = *this;
  result.storage_ = std::move(storage);
  return result;
}

bool Tensor::is_contiguous() const {
  if (shape_.numel() == 0) return true;
  int64_t expected = 1;
  for (int d = rank() - 1; d >= 0; --d) {
    if (shape_[d] != 1 && strides_[static_cast<size_t>(d)] != expected) return false;
    expected *= shape_[d];
  }
  return true;
}

const void* Tensor::raw_data() const {
  return static_cast<const std::byte*>(storage_->data()) + byte_offset_;
}

void* Tensor::mutable_raw_data() const {
  if (!storage_->writable()) {
    throw Error(ErrorCode::kInvalidArgument, "write to read-only memory of " + to_string(*this),
                "copy it with TensorFactory::to_device first");
  }
  return static_cast<std::byte*>(storage_->data()) + byte_offset_;
}

void Tensor::check_access(DataType requested) const {
  if (!defined()) throw Error(ErrorCode::kInvalidArgument, "access to an undefined tensor");
  if (requested != dtype_ || !device().is_cpu()) {
    throw Error(ErrorCode::kInvalidArgument, "access as " + std::string(to_string(requested)) +
                                                 " on cpu to " + to_string(*this));
  }
}

Tensor Tensor::view(const Shape& shape, Strides strides, int64_t element_offset) const {
  Tensor result = *this;
  result.shape_ = shape;
  result.strides_ = strides;
  const int64_t bits = element_offset * bits_of(dtype_);
  if (bits % 8 != 0 || (!is_byte_sized(dtype_) && !result.is_contiguous())) {
    throw Error(ErrorCode::kInvalidArgument,
                "a view of " + to_string(*this) + " that is not contiguous whole bytes",
                "elements of less than a byte exist only contiguous");
  }
  result.byte_offset_ += bits / 8;
  return result;
}

Tensor Tensor::narrow(int dim, int64_t start, int64_t length) const {
  const int d = shape_.resolve_dim(dim);
  if (start < 0 || length < 0 || start > shape_[d] || length > shape_[d] - start) {
    throw Error(ErrorCode::kInvalidArgument, "elements " + std::to_string(start) + " to " +
                                                 std::to_string(start) + " + " +
                                                 std::to_string(length) + " of dimension " +
                                                 std::to_string(d) + " of " + to_string(shape_));
  }
  const int64_t offset = length == 0 ? 0 : start * strides_[static_cast<size_t>(d)];
  return view(shape_.with_dim(d, length), strides_, offset);
}

std::vector<Tensor> Tensor::split(std::span<const int64_t> sizes, int dim) const {
  const int d = shape_.resolve_dim(dim);
  std::vector<Tensor> parts;
  int64_t start = 0;
  for (const int64_t size : sizes) {
    parts.push_back(narrow(d, start, size));
    start += size;
  }
  if (start != shape_[d]) {
    throw Error(ErrorCode::kInvalidArgument, "sizes of a split sum up to " + std::to_string(start) +
                                                 ", dimension " + std::to_string(d) + " of " +
                                                 to_string(shape_) + " has " +
                                                 std::to_string(shape_[d]));
  }
  return parts;
}

Tensor Tensor::transpose(int dim0, int dim1) const {
  std::array<int, Shape::kMaxRank> order{};
  for (int d = 0; d < rank(); ++d) order[static_cast<size_t>(d)] = d;
  std::swap(order[static_cast<size_t>(shape_.resolve_dim(dim0))],
            order[static_cast<size_t>(shape_.resolve_dim(dim1))]);
  return permute({order.data(), static_cast<size_t>(rank())});
}

Tensor Tensor::permute(std::span<const int> dims) const {
  std::array<int64_t, Shape::kMaxRank> extents{};
  std::array<bool, Shape::kMaxRank> used{};
  Strides strides{};
  if (dims.size() != static_cast<size_t>(rank())) {
    throw Error(ErrorCode::kInvalidArgument, "a permutation of " + std::to_string(dims.size()) +
                                                 " dimensions for " + to_string(shape_));
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto d = static_cast<size_t>(shape_.resolve_dim(dims[i]));
    if (std::exchange(used[d], true)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a permutation names dimension " + std::to_string(d) + " twice");
    }
    extents[i] = shape_[static_cast<int>(d)];
    strides[i] = strides_[d];
  }
  return view(Shape(std::span<const int64_t>(extents.data(), dims.size())), strides, 0);
}

Tensor Tensor::select(int dim, int64_t index) const {
  const int d = shape_.resolve_dim(dim);
  const Tensor one = narrow(d, index, 1);
  std::array<int64_t, Shape::kMaxRank> extents{};
  Strides strides{};
  size_t n = 0;
  for (int i = 0; i < rank(); ++i) {
    if (i == d) continue;
    extents[n] = shape_[i];
    strides[n++] = strides_[static_cast<size_t>(i)];
  }
  return one.view(Shape(std::span<const int64_t>(extents.data(), n)), strides, 0);
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.numel() != numel()) {
    throw Error(ErrorCode::kInvalidArgument,
                "reshape of " + to_string(shape_) + " to " + to_string(shape));
  }
  Strides strides = contiguous_strides(shape);
  if (!is_contiguous() && !reshaped_strides(shape_, strides_, shape, strides)) {
    throw Error(ErrorCode::kInvalidArgument,
                "reshape of a strided " + to_string(shape_) + " to " + to_string(shape) +
                    " would have to copy",
                "copy it with TensorFactory::to_device first");
  }
  return view(shape, strides, 0);
}

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "an undefined tensor";
  return std::string(to_string(tensor.dtype())) + " " + to_string(tensor.shape()) + " on " +
         to_string(tensor.device());
}

}  // namespace ferrum
