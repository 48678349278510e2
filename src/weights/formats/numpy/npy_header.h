#pragma once
// The header of a .npy file: magic, version, and a Python literal that is parsed, never evaluated.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ferrum/types/dtype.h"
#include "ferrum/types/shape.h"

namespace ferrum {

inline constexpr std::string_view kNpyMagic = "\x93NUMPY";
// Magic, two bytes of version, and the length of the literal: 2 bytes in version 1, else 4.
inline constexpr int64_t kNpyShortPrefix = 10, kNpyLongPrefix = 12;
inline constexpr int64_t kMaxNpyHeaderBytes = 10'000;  // NumPy's own limit

struct NpyHeader {
  DataType dtype = DataType::kF32;
  Shape shape;
  bool big_endian = false;
  bool fortran_order = false;  // the first index runs fastest
};

// `literal` is what follows the length: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}.
// `what` names the file. Elements of which it tells only the size ("|V2") are `void_dtype`. Throws
// kInvalidFormat; kUnsupported, without `what`, for element types and ranks that tensors do not
// have; kInvalidArgument for a `void_dtype` of another size.
NpyHeader parse_npy_header(std::string_view literal, const std::string& what,
                           std::optional<DataType> void_dtype = std::nullopt);

// The start of a .npy file, up to the elements in C order, padded to a multiple of 64. `tensor`
// names what is written. Throws kUnsupported for types that NumPy does not have.
std::string to_npy_header(DataType dtype, const Shape& shape, const std::string& tensor);

}  // namespace ferrum
