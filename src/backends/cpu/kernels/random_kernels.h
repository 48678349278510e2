#pragma once
// Pseudo-random numbers by counter: element i of a block is a function of (key, i) alone, so any
// thread may make any block. The same bits on every instruction set: plain IEEE operations in one
// order, none fused.
//
// Depends on <cstdint> alone, for the reason given in vector_kernels.h.

#include <cstdint>

namespace ferrum {

struct RandomKernels {
  void (*uniform)(uint64_t key, float* out, int64_t n);  // multiples of 2^-24 in [0, 1)
  void (*normal)(uint64_t key, float* out, int64_t n);   // mean 0, deviation 1, within 5.3
};

extern const RandomKernels kRandomScalar;
extern const RandomKernels kRandomAvx2;
extern const RandomKernels kRandomAvx512;

}  // namespace ferrum
