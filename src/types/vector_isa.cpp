#include "ferrum/types/vector_isa.h"

namespace ferrum {
namespace {

constexpr VectorIsa kLevels[] = {VectorIsa::kScalar, VectorIsa::kAvx2, VectorIsa::kAvx512};

size_t count_levels() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  for (const bool supported :
       {__builtin_cpu_supports("avx512f") != 0, __builtin_cpu_supports("avx512bw") != 0,
        __builtin_cpu_supports("avx512vl") != 0, __builtin_cpu_supports("avx512dq") != 0}) {
    if (!supported) return 2;
  }
  return 3;
#else
  return 1;
#endif
}

}  // namespace

std::string_view to_string(VectorIsa isa) {
  switch (isa) {
    case VectorIsa::kScalar: return "scalar";
    case VectorIsa::kAvx2: return "avx2";
    case VectorIsa::kAvx512: return "avx512";
  }
  return "";
}

std::span<const VectorIsa> available_vector_isas() {
  static const size_t count = count_levels();
  return std::span(kLevels).first(count);
}

}  // namespace ferrum
