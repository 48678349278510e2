#include "backends/cpu/kernels/attention_kernels.h"

#include "backends/cpu/cpu_features.h"

namespace ferrum::cpu {

#if defined(__x86_64__)
AttentionKernel attention_kernel(Isa isa, DataType cache, int64_t head_dim) {
  const bool bf16 = cache == DataType::kBF16;
  if (isa >= Isa::kAmx && bf16) return attention_kernel_amx(head_dim);
  if (isa >= Isa::kAvx512Bf16 && bf16) return attention_kernel_avx512_bf16(head_dim);
  if (isa >= Isa::kAvx512) return attention_kernel_avx512(cache, head_dim);
  if (isa >= Isa::kAvx2) return attention_kernel_avx2(cache, head_dim);
  return attention_kernel_scalar(cache, head_dim);
}
#else
AttentionKernel attention_kernel(Isa, DataType cache, int64_t head_dim) {
  return attention_kernel_scalar(cache, head_dim);
}
#endif

}  // namespace ferrum::cpu
