#pragma once
// What a part of the transformation axis registers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ferrum/quant/quantization_scheme.h"
#include "ferrum/tensor/tensor.h"
#include "ferrum/types/catalog.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/weight_metadata.h"

namespace ferrum {

// One transformation, bound to the tensor that it meets. Exactly one of the four is set.
// The loader moves arrangements before conversions, which changes no result and reads less.
struct TransformStep {
  DataType dtype;  // of the result
  Shape shape;

  // Arrangements (transpose, reshape, slice): the same elements in other places, each at most once,
  // as a view; or in the same order in another shape.
  std::function<Tensor(const Tensor&)> arrange;
  bool is_reshape = false;

  // Conversions (cast, scale): `count` elements in a row, each by itself. `in` need not be aligned
  // to its element type, `out` is; they do not overlap. Elements of less than a byte are codes of a
  // byte each.
  std::function<void(const std::byte* in, std::byte* out, int64_t count)> convert;

  // Quantisations, which end a list: the rows of a matrix become parts. `dtype` and `shape` are
  // those of the matrix.
  std::shared_ptr<const QuantizationScheme> quantize = nullptr;
};

struct TransformPart {
  std::string description;  // one line, for listings
  // Checks parameters and input; throws kInvalidArgument or kUnsupported.
  std::function<TransformStep(const Json& parameters, DataType dtype, const Shape& shape)> bind;
};

using TransformCatalog = Catalog<TransformPart>;

}  // namespace ferrum
