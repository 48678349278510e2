#include "backends/cpu/cpu_context.h"

namespace ferrum {

#if defined(__x86_64__)
const VectorKernels& vector_kernels(Isa isa) {
  if (isa >= Isa::kAvx512) return kVectorAvx512;
  return isa >= Isa::kAvx2 ? kVectorAvx2 : kVectorScalar;
}

const RandomKernels& random_kernels(Isa isa) {
  if (isa >= Isa::kAvx512) return kRandomAvx512;
  return isa >= Isa::kAvx2 ? kRandomAvx2 : kRandomScalar;
}
#else
const VectorKernels& vector_kernels(Isa) { return kVectorScalar; }
const RandomKernels& random_kernels(Isa) { return kRandomScalar; }
#endif

}  // namespace ferrum
