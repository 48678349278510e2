#include "backends/cpu/kernels/probe_kernels.h"

#include "backends/cpu/cpu_features.h"

namespace ferrum::cpu {

#if defined(__x86_64__)
ProbeKernels probe_kernels(Isa isa) {
  ProbeKernels kernels = isa >= Isa::kAvx512 ? probe_kernels_avx512()
                         : isa >= Isa::kAvx2 ? probe_kernels_avx2()
                                             : probe_kernels_scalar();
  if (isa >= Isa::kAvx512 && cpu_features().avx512_vnni) kernels.int8 = probe_kernel_avx512_vnni();
  if (isa >= Isa::kAvx512Bf16) kernels.bf16 = probe_kernel_avx512_bf16();
  if (isa >= Isa::kAmx) kernels.bf16 = probe_kernel_amx_bf16();
  if (isa >= Isa::kAmx && cpu_features().amx_int8) kernels.int8 = probe_kernel_amx_int8();
  return kernels;
}
#else
ProbeKernels probe_kernels(Isa) { return probe_kernels_scalar(); }
#endif

}  // namespace ferrum::cpu
