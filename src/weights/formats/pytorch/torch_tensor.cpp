#include "weights/formats/pytorch/torch_tensor.h"

#include <algorithm>
#include <string>
#include <vector>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

[[noreturn]] void refuse(const std::string& why, ErrorCode code = ErrorCode::kInvalidFormat) {
  throw Error(code, why);
}

bool is_empty(std::span<const int64_t> sizes) {
  return std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
}

// Elements up to the furthest one.
std::optional<int64_t> count_spanned(std::span<const int64_t> sizes,
                                     std::span<const int64_t> strides) {
  if (is_empty(sizes)) return 0;
  std::optional<int64_t> count = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const auto reach = checked_mul(sizes[d] - 1, strides[d]);
    count = count && reach ? checked_add(*count, *reach) : std::nullopt;
  }
  return count;
}

void check_extent(const TorchStorage& storage, const TorchType& type, int64_t offset,
                  std::span<const int64_t> sizes, std::span<const int64_t> strides) {
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] < 0) refuse("it has the negative size " + std::to_string(sizes[d]));
    if (strides[d] < 0) refuse("it has the negative stride " + std::to_string(strides[d]));
  }
  const auto count = count_spanned(sizes, strides);
  if (count == 0 && offset >= 0) return;  // views of nothing may begin anywhere
  const auto end = count && offset >= 0 ? checked_add(*count, offset) : std::nullopt;
  if (!end || *end > storage.bytes / type.bytes) {
    refuse("its elements reach outside of their storage of " + std::to_string(storage.bytes) +
           " bytes: the first is element " + std::to_string(offset) + ", they span " +
           (count ? std::to_string(*count) : "more than 64 bits count"));
  }
}

// torch.float4_e2m1fn_x2 counts bytes of two elements, the library elements.
Shape shape_of(DataType dtype, std::span<const int64_t> sizes, std::span<const int64_t> strides) {
  std::vector<int64_t> extents(sizes.begin(), sizes.end());
  if (dtype != DataType::kF4E2M1) return Shape(extents);
  int64_t step = 1;  // at most the elements of the storage
  for (size_t d = extents.size(); d-- > 0 && !is_empty(sizes);) {
    if (extents[d] != 1 && strides[d] != step) {
      refuse("it has elements of four bits that are not in a row", ErrorCode::kUnsupported);
    }
    step *= extents[d];
  }
  if (extents.empty()) refuse("it is a scalar of two elements", ErrorCode::kUnsupported);
  const auto doubled = checked_mul(extents.back(), 2);
  if (!doubled) refuse("its size does not fit in 64 bits");
  extents.back() = *doubled;
  return Shape(extents);
}

}  // namespace

TorchStorage part_of_storage(const TorchStorage& whole, int64_t offset, int64_t count) {
  const int64_t most = whole.bytes / whole.type->bytes;
  if (offset < 0 || count < 0 || offset > most || count > most - offset) {
    refuse("a storage of " + std::to_string(count) + " elements at " + std::to_string(offset) +
           " is no part of one of " + std::to_string(most));
  }
  return {whole.storage, whole.begin + offset * whole.type->bytes, count * whole.type->bytes,
          whole.type};
}

void check_torch_rank(int64_t dimensions) {
  if (dimensions >= 0 && dimensions <= Shape::kMaxRank) return;
  refuse("it has " + std::to_string(dimensions) + " dimensions, at most " +
             std::to_string(Shape::kMaxRank) + " are supported",
         ErrorCode::kUnsupported);
}

TorchTensor make_torch_tensor(const TorchStorage& storage, const TorchType& type, int64_t offset,
                              std::span<const int64_t> sizes, std::span<const int64_t> strides) {
  if (sizes.size() != strides.size()) {
    refuse("it has " + std::to_string(sizes.size()) + " sizes and " +
           std::to_string(strides.size()) + " strides");
  }
  check_torch_rank(static_cast<int64_t>(sizes.size()));
  if (!type.dtype) {
    refuse("its elements are torch." + std::string(type.name) + ", which is not supported",
           ErrorCode::kUnsupported);
  }
  check_extent(storage, type, offset, sizes, strides);
  TorchTensor tensor;
  tensor.storage = storage.storage;
  tensor.begin = storage.begin + (is_empty(sizes) ? 0 : offset * type.bytes);
  tensor.dtype = *type.dtype;
  try {
    tensor.shape = shape_of(*type.dtype, sizes, strides);
    bytes_of(tensor.dtype, tensor.shape.numel());
  } catch (const Error& error) {  // more elements than 64 bits count, as strides of 0 allow
    refuse(error.message(), error.code() == ErrorCode::kInvalidArgument ? ErrorCode::kInvalidFormat
                                                                        : error.code());
  }
  std::copy(strides.begin(), strides.end(), tensor.strides.begin());
  return tensor;
}

}  // namespace ferrum
