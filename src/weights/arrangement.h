#pragma once
// The elements of a tensor in the order that its transformations ask for, without a copy of them.
//
// Strides express every transposition and slice, and most reshapes. A reshape of what they cannot
// counts the elements anew: from there on a view of that count goes on, of indices in the row-major
// order of the view before.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ferrum/tensor/tensor.h"
#include "ferrum/weights/transform_part.h"
#include "weights/element_pipeline.h"

namespace ferrum {

class Arrangement {
 public:
  explicit Arrangement(const Tensor& tensor) : view_(tensor) {}

  void add(const TransformStep& step);  // an arrangement
  Arrangement narrow(int dim, int64_t start, int64_t length) const;
  Arrangement column() const;  // [elements, 1], in the same order

  const Shape& shape() const { return counts_.empty() ? view_.shape() : counts_.back().shape(); }

  // The part of the tensor that holds all elements; others only where is_view() is false.
  const Tensor& view() const { return view_; }
  // Whether the elements are those of view() in row-major order.
  bool is_view() const;
  // Whether they lie one after the other.
  bool is_contiguous() const { return is_view() && view_.is_contiguous(); }

 private:
  friend class ElementPlaces;
  Tensor& last() { return counts_.empty() ? view_ : counts_.back(); }
  void reshape(const Shape& shape);
  void trim();

  Tensor view_;
  std::vector<Tensor> counts_;  // of u8, over addresses that are indices of the one before
};

// The other way round: where the elements of view() go, in any order.
class ElementPlaces {
 public:
  // `out` is row-major, of elements of 1, 2, 4 or 8 bytes.
  ElementPlaces(const Arrangement& arrangement, std::byte* out, int64_t element_bytes);

  // Puts `count` elements of view() from row-major `index` on, those that have a place.
  void put(int64_t index, int64_t count, const std::byte* elements) const {
    put(0, index, count, elements);
  }

 private:
  // One count, the largest stride first.
  struct Level {
    int64_t first;
    std::vector<ElementLoop> loops;
  };
  // `count` elements of one count that go to `at`, `step` apart; nowhere if that is negative.
  struct Piece {
    int64_t at, count, step;
  };
  static Piece find(const Level& level, int64_t index);
  void put(size_t level, int64_t index, int64_t count, const std::byte* elements) const;
  void store(const Piece& piece, const std::byte* elements) const;

  std::byte* out_;
  int64_t element_bytes_;
  std::vector<Level> levels_;
};

}  // namespace ferrum
