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
// kUnsupported for scale on integers, f8_e8m0 and packed types, a cast from or to c64 or to i4 and
// u4, and whatever follows a quantisation.
//
// Arrangements (transpose, reshape, slice) take every type. A load needs its result and a bounded
// window, whatever the chain. Elements of less than a byte (f4, f6, i4, u4) lie one after the other
// from the lowest bit of the first byte on.
//
// What a cast makes of a number x, and scale of its product (the kinds of 8 bits or less follow OCP
// MX and ONNX Cast; float to float rounds once, to nearest, ties to even):
//   to                x beyond the largest    infinity         NaN
//   f64 f32 f16 bf16  infinity                infinity         NaN
//   f8_e4m3           largest, +-448          +-448            NaN
//   f8_e5m2           largest, +-57344        +-57344          NaN; an infinity is never made
//   f8_e4m3fnuz       largest, +-240          +-240            NaN; -0 becomes 0
//   f8_e5m2fnuz       largest, +-57344        +-57344          NaN; -0 becomes 0
//   f6_e2m3           largest, +-7.5          +-7.5            0: it has none
//   f6_e3m2           largest, +-28           +-28             0: it has none
//   f4_e2m1           largest, +-6            +-6              0: it has none
//   f8_e8m0           NaN                     NaN              NaN; the nearest power of two, ties
//                                                              up; 0 the smallest, x < 0 NaN
//   integers          the nearest integer     the nearest      0; else truncates towards zero
//   bool              true                    true             true; false is 0 alone
// Between equal kinds nothing changes. TensorOps::cast differs in the 8-bit floats, which overflow
// to infinity or NaN there (ferrum/types/float8.h): a weight must stay finite, one that is clipped
// is still close, while the overflow of an activation is a fault to be seen.

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
