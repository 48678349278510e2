#pragma once
// What the operations of one CPU backend compute with.

#include "backends/cpu/cpu_features.h"
#include "backends/cpu/kernels/random_kernels.h"
#include "backends/cpu/kernels/vector_kernels.h"
#include "ferrum/types/thread_pool.h"

namespace ferrum {

struct CpuContext {
  ThreadPool& pool;
  const VectorKernels& kernels;
};

// The kernels of the highest level that is not above `isa`.
const VectorKernels& vector_kernels(Isa isa);
const RandomKernels& random_kernels(Isa isa);

}  // namespace ferrum
