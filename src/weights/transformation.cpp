#include "ferrum/weights/transformation.h"

namespace ferrum {

TensorTransformation TensorTransformation::transpose(int dim0, int dim1) {
  return {"transpose", {{"dim0", dim0}, {"dim1", dim1}}};
}

TensorTransformation TensorTransformation::reshape(const Shape& shape) {
  return {"reshape", {{"shape", shape}}};
}

TensorTransformation TensorTransformation::cast(DataType dtype) {
  return {"cast", {{"dtype", dtype}}};
}

TensorTransformation TensorTransformation::scale(float factor) {
  return {"scale", {{"factor", factor}}};
}

TensorTransformation TensorTransformation::slice(int dim, std::optional<int64_t> start,
                                                 std::optional<int64_t> end) {
  TensorTransformation result{"slice", {{"dim", dim}}};
  if (start) result.parameters["start"] = *start;
  if (end) result.parameters["end"] = *end;
  return result;
}

TensorTransformation TensorTransformation::quantize(const QuantizationConfig& config) {
  return {"quantize", {{"config", config}}};
}

void to_json(Json& json, const TensorTransformation& transformation) {
  json = transformation.parameters;
  json["kind"] = transformation.kind;
}

void from_json(const Json& json, TensorTransformation& transformation) {
  if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string()) {
    throw Error(ErrorCode::kInvalidArgument, "a transformation without a \"kind\"",
                "write an object such as {\"kind\": \"cast\", \"dtype\": \"f32\"}");
  }
  transformation.kind = json["kind"].get<std::string>();
  transformation.parameters = json;
  transformation.parameters.erase("kind");
}

}  // namespace ferrum
