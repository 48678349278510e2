#pragma once
// A view of a Storage: shape, strides, element type. A handle like std::shared_ptr: copying a
// Tensor is cheap and aliases the same elements.
//
// Strides count elements, outermost first. Views (narrow, split, transpose, permute) never copy;
// what needs contiguous elements says so and refuses others. Packed types of less than a byte
// (i4, f4, ...) exist only contiguous. Reading a Tensor is thread-safe; its elements are not
// guarded.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "ferrum/tensor/storage.h"
#include "ferrum/types/dtype.h"
#include "ferrum/types/error.h"
#include "ferrum/types/float16.h"
#include "ferrum/types/shape.h"

namespace ferrum {

// The DataType whose elements are T's.
template <class T>
constexpr DataType dtype_of() {
  using U = std::remove_const_t<T>;
  if constexpr (std::is_same_v<U, double>) return DataType::kF64;
  else if constexpr (std::is_same_v<U, float>) return DataType::kF32;
  else if constexpr (std::is_same_v<U, Float16>) return DataType::kF16;
  else if constexpr (std::is_same_v<U, BFloat16>) return DataType::kBF16;
  else if constexpr (std::is_same_v<U, int64_t>) return DataType::kI64;
  else if constexpr (std::is_same_v<U, int32_t>) return DataType::kI32;
  else if constexpr (std::is_same_v<U, int16_t>) return DataType::kI16;
  else if constexpr (std::is_same_v<U, int8_t>) return DataType::kI8;
  else if constexpr (std::is_same_v<U, uint64_t>) return DataType::kU64;
  else if constexpr (std::is_same_v<U, uint32_t>) return DataType::kU32;
  else if constexpr (std::is_same_v<U, uint16_t>) return DataType::kU16;
  else if constexpr (std::is_same_v<U, uint8_t>) return DataType::kU8;
  else if constexpr (std::is_same_v<U, bool>) return DataType::kBool;
  else static_assert(!sizeof(U), "no DataType has elements of this type");
}

class Tensor {
 public:
  Tensor() = default;  // no storage; defined() is false

  // A contiguous view that starts `byte_offset` bytes into the storage. Throws kInvalidArgument
  // when it would reach past the end.
  Tensor(std::shared_ptr<Storage> storage, const Shape& shape, DataType dtype,
         int64_t byte_offset = 0);

  // A view with any strides of zero or more, one per dimension, in elements: transposed, expanded
  // or overlapping. Throws kInvalidArgument for elements past the end, or of less than a byte.
  static Tensor strided(std::shared_ptr<Storage> storage, const Shape& shape,
                        std::span<const int64_t> strides, DataType dtype, int64_t byte_offset);

  // The same view of other bytes. Throws kInvalidArgument unless `storage` is as large as this one.
  Tensor over(std::shared_ptr<Storage> storage) const;

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int d) const { return shape_[shape_.resolve_dim(d)]; }  // negative from the end
  int64_t stride(int d) const { return strides_[static_cast<size_t>(shape_.resolve_dim(d))]; }
  int64_t numel() const { return shape_.numel(); }
  DataType dtype() const { return dtype_; }
  const Device& device() const { return storage_->device(); }
  int64_t size_bytes() const { return bytes_of(dtype_, numel()); }
  bool is_contiguous() const;
  const std::shared_ptr<Storage>& storage() const { return storage_; }
  int64_t byte_offset() const { return byte_offset_; }

  // Address of the first element on the device, without regard to dtype or strides.
  const void* raw_data() const;
  void* mutable_raw_data() const;  // throws kInvalidArgument for read-only storage

  // Address of the first element. Throws kInvalidArgument unless T is the element type and the
  // tensor is on the CPU.
  template <class T>
  const T* data() const {
    check_access(dtype_of<T>());
    return static_cast<const T*>(raw_data());
  }
  template <class T>
  T* mutable_data() const {
    check_access(dtype_of<T>());
    return static_cast<T*>(mutable_raw_data());
  }

  // Views. Bounds are checked; all throw kInvalidArgument.
  Tensor narrow(int dim, int64_t start, int64_t length) const;
  std::vector<Tensor> split(std::span<const int64_t> sizes, int dim) const;
  Tensor transpose(int dim0, int dim1) const;
  Tensor permute(std::span<const int> dims) const;
  Tensor select(int dim, int64_t index) const;  // narrow by one, and drop the dimension
  // Another shape of the same number of elements; merges and splits dimensions only where the
  // strides allow it without a copy.
  Tensor reshape(const Shape& shape) const;

 private:
  void check_access(DataType requested) const;
  Tensor view(const Shape& shape, std::array<int64_t, Shape::kMaxRank> strides,
              int64_t element_offset) const;

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  std::array<int64_t, Shape::kMaxRank> strides_{};
  DataType dtype_ = DataType::kF32;
  int64_t byte_offset_ = 0;
};

// "f32 [2, 3] on cpu", for messages.
std::string to_string(const Tensor& tensor);

}  // namespace ferrum
