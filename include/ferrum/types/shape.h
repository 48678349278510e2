#pragma once
// The extents of a tensor, outermost first; stored inline so that making one never allocates.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace ferrum {

class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;  // rank 0: a scalar, one element
  // Throws kInvalidArgument for more than kMaxRank extents, a negative extent, or a product that
  // does not fit in int64_t.
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int dim) const { return dims_[static_cast<size_t>(dim)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }

  int64_t numel() const { return numel_; }

  // The dimension `dim` names, negative counting from the end. Throws kInvalidArgument.
  int resolve_dim(int dim) const;

  // A copy with one extent replaced.
  Shape with_dim(int dim, int64_t extent) const;

  // Broadcast as NumPy does, from the last dimension. Throws kInvalidArgument.
  static Shape broadcast(const Shape& a, const Shape& b);

  bool operator==(const Shape& other) const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
  int64_t numel_ = 1;
};

// "[2, 3]"; "[]" for a scalar.
std::string to_string(const Shape& shape);

}  // namespace ferrum
