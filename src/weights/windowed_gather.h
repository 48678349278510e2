#pragma once
// Gathers a tensor of which ranges of bytes can be had, one after the other, but not all at once:
// from a remote file or out of a decoder.

#include <cstddef>
#include <cstdint>
#include <span>

#include "ferrum/types/function_ref.h"
#include "weights/arrangement.h"
#include "weights/element_pipeline.h"

namespace ferrum {

// Hands bytes [begin, end) to `sink`, in order, in chunks of any size.
using RangeStream = FunctionRef<void(int64_t begin, int64_t end,
                                     FunctionRef<void(std::span<const std::byte>)> sink)>;

struct GatherLimits {
  int64_t max_gap;  // bytes between elements that are rather read than stepped over
  int64_t window_bytes = int64_t{4} << 20;
};

// All elements of `arranged`, of addresses without bytes, through `pipeline` to `out` in row-major
// order, in one pass over the stream. Needs one window besides, or one run of adjacent elements if
// that is longer. `done` is told the bytes of elements as they arrive.
void gather_in_windows(const Arrangement& arranged, ElementPipeline& pipeline, std::byte* out,
                       RangeStream stream, const GatherLimits& limits,
                       FunctionRef<void(int64_t bytes)> done);

}  // namespace ferrum
