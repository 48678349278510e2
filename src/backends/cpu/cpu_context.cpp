#include "backends/cpu/cpu_context.h"

namespace ferrum {

const VectorKernels& vector_kernels(Isa) { return kVectorScalar; }

}  // namespace ferrum
