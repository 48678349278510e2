#pragma once
// Where the elements of a tensor lie: a strided part of a storage, which tensors may share.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ferrum/types/shape.h"
#include "weights/formats/pytorch/torch_globals.h"

namespace ferrum {

// Bytes [begin, begin + bytes) of storage number `storage` of a container.
struct TorchStorage {
  size_t storage = 0;
  int64_t begin = 0;
  int64_t bytes = 0;
  const TorchType* type = nullptr;  // of its elements
};

// `count` elements of it from `offset` on. Throws kInvalidFormat where they are not inside.
TorchStorage part_of_storage(const TorchStorage& whole, int64_t offset, int64_t count);

struct TorchTensor {
  size_t storage = 0;
  int64_t begin = 0;  // of the first element, in bytes from that of the storage
  DataType dtype = DataType::kF32;
  Shape shape;
  std::array<int64_t, Shape::kMaxRank> strides{};  // in elements
  std::span<const int64_t> used_strides() const {
    return {strides.data(), static_cast<size_t>(shape.rank())};
  }
};

// Throws kUnsupported for more dimensions than tensors have.
void check_torch_rank(int64_t dimensions);

// `offset`, in elements, and `strides` as PyTorch has them. Throws kInvalidFormat for elements
// outside the storage, kUnsupported for types that tensors do not have and as check_torch_rank.
TorchTensor make_torch_tensor(const TorchStorage& storage, const TorchType& type, int64_t offset,
                              std::span<const int64_t> sizes, std::span<const int64_t> strides);

}  // namespace ferrum
