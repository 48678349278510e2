#pragma once
// How a matrix becomes the parts of a QuantizedTensor, and what they stand for: the reference that
// kernels are measured against.
//
// Immutable and thread-safe.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ferrum/tensor/quantized_tensor.h"

namespace ferrum {

class QuantizationScheme {
 public:
  virtual ~QuantizationScheme() = default;

  // With every parameter, defaults included.
  virtual const QuantizationConfig& config() const = 0;

  struct PartLayout {
    std::string suffix;
    DataType dtype;
    Shape shape;
  };
  // The parts of a matrix [out, in]. Throws kInvalidArgument for a shape that the scheme cannot
  // divide, kUnsupported for elements other than f32, f16 and bf16.
  virtual std::vector<PartLayout> layout(DataType dtype, const Shape& shape) const = 0;

  // Rows are encoded in any order, from several threads, in ranges that begin at multiples of
  // kRowStep; the first range also writes what belongs to no row, even if the matrix has none.
  static constexpr int64_t kRowStep = 8;
  // Writes what the rows [first_row, first_row + rows) give to `out`, whose parts are allocated in
  // host memory as `layout` says. `elements`: these rows one after the other, at any alignment.
  // Throws kInvalidArgument, naming the row, where an element is infinite or NaN.
  virtual void encode(const std::byte* elements, int64_t first_row, int64_t rows,
                      const QuantizedTensor& out) const = 0;

  // The rows as the parts in host memory mean them, in f32: [rows, in]. Rounded to the matrix'
  // dtype they are what arithmetic in that dtype gives. Throws kInvalidArgument for parts that are
  // not as `layout` says.
  virtual void decode(const QuantizedTensor& weight, int64_t first_row, int64_t rows,
                      std::span<float> out) const = 0;

  // "quantization_config" of a config.json whose linear layers, but for those in `dense` (names of
  // modules, such as "lm_head"), are quantised so. Throws kUnsupported where no checkpoint format
  // is known that has such weights.
  virtual Json checkpoint_config(std::span<const std::string> dense) const = 0;
};

}  // namespace ferrum
