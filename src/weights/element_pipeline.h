#pragma once
// Runs conversions over elements in windows that stay in the cache, so that a transformed tensor
// costs its result and a bounded scratch.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ferrum/tensor/tensor.h"
#include "ferrum/types/function_ref.h"
#include "ferrum/weights/transform_part.h"

namespace ferrum {

// One dimension of a walk over elements: how many, and how far apart in the input and the output.
struct ElementLoop {
  int64_t extent, in_stride, out_stride;  // strides in elements
};

// The dimensions of `view`, outermost first, without those of one element, and neighbours merged
// where they lie in a row; the output is contiguous.
std::vector<ElementLoop> loops_of(const Tensor& view);

// Calls body(in, out) with the offsets of every combination of `loops`, outermost first.
void for_each_element(std::span<const ElementLoop> loops,
                      FunctionRef<void(int64_t in, int64_t out)> body);

// Elements of packed types pass through it as codes of a byte each (packed_elements.h).
class ElementPipeline {
 public:
  explicit ElementPipeline(DataType input) : input_(input), output_(input) {}

  // `step` is a conversion; borrowed.
  void add(const TransformStep& step);
  bool empty() const { return steps_.empty(); }
  DataType output() const { return output_; }

  // `count` elements in a row. `in` may be unaligned.
  void run(const std::byte* in, std::byte* out, int64_t count);

  // As many elements as `in` holds; returns the bytes written.
  int64_t run_bytes(std::span<const std::byte> in, std::byte* out);

  // All elements of `view`, of any strides and alignment, to `out` in row-major order. `done` is
  // told the bytes of the view that each piece of work took.
  void gather(const Tensor& view, std::byte* out, FunctionRef<void(int64_t bytes)> done);

  // The elements that `loops` walk over, whose first are at `in` and `out`, in any order.
  void gather(std::vector<ElementLoop> loops, const std::byte* in, std::byte* out,
              FunctionRef<void(int64_t bytes)> done);

  // The same to no place of their own: `put` is handed `count` elements in a row that begin with
  // the one of output offset `at`; valid during the call.
  using ElementSink = FunctionRef<void(int64_t at, int64_t count, const std::byte* elements)>;
  void scatter(std::vector<ElementLoop> loops, const std::byte* in, ElementSink put,
               FunctionRef<void(int64_t bytes)> done);

 private:
  template <class Emit>
  void walk(std::vector<ElementLoop> loops, const std::byte* in, int64_t piece, Emit emit,
            FunctionRef<void(int64_t bytes)> done);

  DataType input_, output_;
  std::vector<const TransformStep*> steps_;
  std::vector<std::byte> scratch_[2], row_;
};

}  // namespace ferrum
