#pragma once
// The inner loops of quantisation, over rows of `groups` runs of `size` elements that each have a
// scale of their own. What they round is rounded as the element type of the input rounds: the
// results are those of PyTorch arithmetic in that type, which compressed-tensors does.
//
// `x` need not be aligned. All levels give the same bits.

#include <cstdint>

#include "ferrum/types/vector_isa.h"

namespace ferrum {

struct QuantizeKernels {
  // The loops for one element type.
  struct Rows {
    // The largest magnitude of each group; as infinity or NaN where one is among them.
    void (*largest)(const void* x, int64_t groups, int64_t size, float* largest);
    // The smallest and the largest element of each group; not finite where one element is not.
    void (*range)(const void* x, int64_t groups, int64_t size, float* least, float* most);

    // round(x / scale), ties to even, clamped to [low, high].
    void (*integers)(const void* x, int64_t groups, int64_t size, const float* scales, float low,
                     float high, int8_t* out);
    // round(x / scale + zero), clamped.
    void (*shifted_integers)(const void* x, int64_t groups, int64_t size, const float* scales,
                             const float* zeros, float low, float high, int8_t* out);
    // x / scale as 8-bit floats, clamped to their largest number.
    void (*f8_e4m3)(const void* x, int64_t groups, int64_t size, const float* scales,
                    uint8_t* out);
    void (*f8_e5m2)(const void* x, int64_t groups, int64_t size, const float* scales,
                    uint8_t* out);
  };
  Rows f32, f16, bf16;

  // Integers of [-8, 7] as nibbles of value + 8, the first in the low one. `count` is even.
  void (*pack_nibbles)(const int8_t* x, int64_t count, uint8_t* out);
};

const QuantizeKernels& quantize_kernels(VectorIsa isa = best_vector_isa());

}  // namespace ferrum
