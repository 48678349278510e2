#pragma once
// What may be done to a tensor on its way from its file to the device, in order. Seed name:
// TensorTransformation.
//
// A transformation is a name of the transformation axis with its parameters:
//   transpose {dim0, dim1}   reshape {shape}   cast {dtype}   scale {factor}
//   slice {dim, start?, end?}                  open ends and negative values as in Python
//   quantize {config}                          ends the list: a matrix becomes several tensors
// Errors are typed and name tensor and step: kInvalidArgument for a dimension, element count or
// range that does not fit (a slice clips to the extent as Python does; an empty result is legal);
// kUnsupported for scale on integers, any of them on packed types or after a quantisation.

#include <cstdint>
#include <optional>
#include <string>

#include "ferrum/tensor/quantized_tensor.h"
#include "ferrum/types/dtype.h"
#include "ferrum/types/json.h"
#include "ferrum/types/shape.h"

namespace ferrum {

struct TensorTransformation {
  std::string kind;
  Json parameters = Json::object();

  static TensorTransformation transpose(int dim0, int dim1);
  static TensorTransformation reshape(const Shape& shape);
  static TensorTransformation cast(DataType dtype);  // rounds to nearest even
  static TensorTransformation scale(float factor);
  static TensorTransformation slice(int dim, std::optional<int64_t> start,
                                    std::optional<int64_t> end);
  static TensorTransformation quantize(const QuantizationConfig& config);
};
void to_json(Json& json, const TensorTransformation& transformation);
void from_json(const Json& json, TensorTransformation& transformation);

}  // namespace ferrum
