#pragma once
// Casts between the common floats, and their products with a factor, as loops for every vector
// instruction set. The rules, and the scalar twins, are in elements.h.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "ferrum/types/dtype.h"
#include "ferrum/types/vector_isa.h"

namespace ferrum {

struct CastKernels {
  static constexpr size_t kTypes = 5;  // f32, f16, bf16, f8_e4m3, f8_e5m2

  // `count` elements in a row; `in` need not be aligned. [from][to]; null where both are the same.
  using Cast = void (*)(const std::byte* in, std::byte* out, int64_t count);
  Cast cast[kTypes][kTypes];
  // Each element times `factor`, in f32, rounded once.
  void (*scale[kTypes])(const std::byte* in, std::byte* out, int64_t count, float factor);
};

// Where a type stands in the tables; nothing for others.
inline std::optional<size_t> find_common_float(DataType dtype) {
  switch (dtype) {
    case DataType::kF32: return 0;
    case DataType::kF16: return 1;
    case DataType::kBF16: return 2;
    case DataType::kF8E4M3: return 3;
    case DataType::kF8E5M2: return 4;
    default: return std::nullopt;
  }
}

const CastKernels& cast_kernels(VectorIsa isa = best_vector_isa());

}  // namespace ferrum
