#pragma once
// Walks the elements of several tensors of one (broadcast) shape together, in runs along the
// innermost dimension that they can share.

#include <algorithm>
#include <array>
#include <cstdint>

#include "ferrum/tensor/tensor.h"

namespace ferrum {

template <int kOperands>
class ElementLoop {
 public:
  // A run: where it starts in each operand, in elements, and its length. Along it operand i steps
  // by stride(i).
  struct Run {
    std::array<int64_t, kOperands> offset{};
    int64_t length = 0;
  };

  // Every operand broadcasts to `shape`, which has at least as many dimensions.
  ElementLoop(const Shape& shape, const std::array<const Tensor*, kOperands>& operands)
      : count_(shape.numel()) {
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == 1) continue;
      std::array<int64_t, kOperands> strides{};
      for (size_t i = 0; i < kOperands; ++i) {
        const Tensor& t = *operands[i];
        const int own = d - (shape.rank() - t.rank());
        strides[i] = own < 0 || t.shape()[own] == 1 ? 0 : t.stride(own);
      }
      append(shape[d], strides);
    }
    if (rank_ == 0) append(1, {});
  }

  int64_t count() const { return count_; }
  int64_t inner_stride(size_t operand) const { return dims_[rank_ - 1].strides[operand]; }

  // Calls f(const Run&) for the elements [begin, end) of the row-major order, at most
  // `longest` at a time.
  template <class F>
  void run(int64_t begin, int64_t end, int64_t longest, F&& f) const {
    const int64_t inner = dims_[rank_ - 1].extent;
    for (int64_t position = begin; position < end;) {
      Run run = at(position);
      run.length = std::min({inner - position % inner, end - position, longest});
      f(run);
      position += run.length;
    }
  }

 private:
  struct Dim {
    int64_t extent = 1;
    std::array<int64_t, kOperands> strides{};
  };

  // Merges with the dimension before where every operand allows it.
  void append(int64_t extent, const std::array<int64_t, kOperands>& strides) {
    if (rank_ > 0) {
      Dim& outer = dims_[rank_ - 1];
      bool merges = true;
      for (size_t i = 0; i < kOperands; ++i) {
        merges = merges && outer.strides[i] == strides[i] * extent;
      }
      if (merges) {
        outer = {outer.extent * extent, strides};
        return;
      }
    }
    dims_[rank_++] = {extent, strides};
  }

  Run at(int64_t position) const {
    Run run;
    for (size_t d = rank_; d-- > 0;) {
      const int64_t index = position % dims_[d].extent;
      position /= dims_[d].extent;
      for (size_t i = 0; i < kOperands; ++i) run.offset[i] += index * dims_[d].strides[i];
    }
    return run;
  }

  std::array<Dim, Shape::kMaxRank> dims_{};
  size_t rank_ = 0;
  int64_t count_;
};

}  // namespace ferrum
