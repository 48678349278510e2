#include "backends/cpu/kernels/linear_kernels.h"

#include "backends/cpu/cpu_features.h"

namespace ferrum::cpu {

#if defined(__x86_64__)
LinearKernels linear_kernels(Isa isa, DataType weight) {
  const bool bf16 = weight == DataType::kBF16;
  if (isa >= Isa::kAmx && bf16) return linear_kernels_amx();
  if (isa >= Isa::kAvx512Bf16 && bf16) return linear_kernels_avx512_bf16();
  if (isa >= Isa::kAvx512) return linear_kernels_avx512(weight);
  if (isa >= Isa::kAvx2) return linear_kernels_avx2(weight);
  return linear_kernels_scalar(weight);
}
#else
LinearKernels linear_kernels(Isa, DataType weight) { return linear_kernels_scalar(weight); }
#endif

}  // namespace ferrum::cpu
