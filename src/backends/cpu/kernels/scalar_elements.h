#pragma once
// Elements of the floating-point dtypes, one at a time, at any address. For baseline code only
// (see linear_kernels.h on what kernels of an instruction set may include).

#include <cstdint>
#include <cstring>

#include "ferrum/types/dtype.h"
#include "ferrum/types/float16.h"

namespace ferrum::cpu {

inline float load_element(const void* base, DataType dtype, int64_t index) {
  if (dtype == DataType::kF32) {
    float value;
    std::memcpy(&value, static_cast<const char*>(base) + 4 * index, sizeof value);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char*>(base) + 2 * index, sizeof bits);
  return dtype == DataType::kBF16 ? to_float(BFloat16{bits}) : to_float(Float16{bits});
}

inline void store_element(void* base, DataType dtype, int64_t index, float value) {
  if (dtype == DataType::kF32) {
    std::memcpy(static_cast<char*>(base) + 4 * index, &value, sizeof value);
    return;
  }
  const uint16_t bits =
      dtype == DataType::kBF16 ? to_bfloat16(value).bits : to_float16(value).bits;
  std::memcpy(static_cast<char*>(base) + 2 * index, &bits, sizeof bits);
}

}  // namespace ferrum::cpu
