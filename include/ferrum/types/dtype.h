#pragma once
// Element types of tensors, with their exact sizes in bits.

#include <cstdint>
#include <span>
#include <string_view>

namespace ferrum {

enum class DataType : uint8_t {
  kF64, kF32, kF16, kBF16,
  kF8E4M3, kF8E5M2,          // OCP 8-bit floats ("E4M3FN" and "E5M2")
  kF8E4M3Fnuz, kF8E5M2Fnuz,  // the variants without negative zero
  kF8E8M0,                   // power-of-two scale, 2^(e-127)
  kF6E2M3, kF6E3M2, kF4E2M1, // packed, elements are not byte aligned
  kI64, kI32, kI16, kI8, kI4,
  kU64, kU32, kU16, kU8, kU4,
  kBool,                     // one byte, 0 or 1
  kC64,                      // complex of two f32
};

// Every type, in declaration order.
std::span<const DataType> all_dtypes();

// Lower-case names: "f32", "bf16", "f8_e4m3", "i4", ... Stable; used in JSON and on the CLI.
std::string_view to_string(DataType dtype);

// The inverse of to_string; also accepts the long names of the field ("float32", "bfloat16",
// "float16", "half", any case, with or without a "torch." prefix). Throws kInvalidArgument.
DataType parse_dtype(std::string_view name);

int bits_of(DataType dtype);

// True where an element fills whole bytes, so that it has an address.
bool is_byte_sized(DataType dtype);
bool is_floating_point(DataType dtype);  // of real numbers: complex is not

// Bytes of `count` packed elements, rounded up to a whole byte. Throws kInvalidArgument when the
// product does not fit in int64_t.
int64_t bytes_of(DataType dtype, int64_t count);

}  // namespace ferrum
