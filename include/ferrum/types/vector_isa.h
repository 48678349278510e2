#pragma once
// Which vector instructions this processor has, for plain loops that the compiler vectorises: they
// are compiled once per level (add_vector_kernels in cmake/), and the level is chosen at run time.

#include <span>
#include <string_view>

namespace ferrum {

// Each level includes those before it.
enum class VectorIsa {
  kScalar,  // what every processor of the architecture has
  kAvx2,    // AVX2, FMA, F16C
  kAvx512,  // AVX-512 F, BW, VL, DQ
};

std::string_view to_string(VectorIsa isa);  // "scalar", "avx2", "avx512"

// The levels that processor and operating system support, lowest first.
std::span<const VectorIsa> available_vector_isas();
inline VectorIsa best_vector_isa() { return available_vector_isas().back(); }

}  // namespace ferrum
