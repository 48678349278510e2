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

 private:
  DataType input_, output_;
  std::vector<const TransformStep*> steps_;
  std::vector<std::byte> scratch_[2];
};

}  // namespace ferrum
