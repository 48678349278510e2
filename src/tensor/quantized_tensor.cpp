#include "ferrum/tensor/quantized_tensor.h"

namespace ferrum {

QuantizationConfig QuantizationConfig::int8(bool symmetric) {
  return {"int8", {{"symmetric", symmetric}}};
}

QuantizationConfig QuantizationConfig::int4(int64_t group_size, bool symmetric) {
  return {"int4", {{"group_size", group_size}, {"symmetric", symmetric}}};
}

QuantizationConfig QuantizationConfig::fp8(bool e4m3) {
  return {"fp8", {{"format", e4m3 ? "e4m3" : "e5m2"}}};
}

QuantizationConfig QuantizationConfig::gptq(int bits, int64_t group_size, bool desc_act,
                                            bool symmetric) {
  return {"gptq",
          {{"bits", bits},
           {"group_size", group_size},
           {"desc_act", desc_act},
           {"symmetric", symmetric}}};
}

QuantizationConfig QuantizationConfig::awq(int bits, int64_t group_size, bool zero_point) {
  return {"awq", {{"bits", bits}, {"group_size", group_size}, {"zero_point", zero_point}}};
}

void to_json(Json& json, const QuantizationConfig& config) {
  json = config.parameters;
  json["kind"] = config.kind;
}

void from_json(const Json& json, QuantizationConfig& config) {
  if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string()) {
    throw Error(ErrorCode::kInvalidArgument, "a quantisation without a \"kind\"",
                "write an object such as {\"kind\": \"int4\", \"group_size\": 128}");
  }
  config.kind = json["kind"].get<std::string>();
  config.parameters = json;
  config.parameters.erase("kind");
}

const Tensor& QuantizedTensor::part(std::string_view suffix) const {
  for (const Part& part : parts) {
    if (part.suffix == suffix) return part.tensor;
  }
  throw Error(ErrorCode::kInvalidArgument, "a weight quantised as " + config.kind +
                                               " has no part \"" + std::string(suffix) + "\"");
}

int64_t QuantizedTensor::size_bytes() const {
  int64_t bytes = 0;
  for (const Part& part : parts) bytes += part.tensor.size_bytes();
  return bytes;
}

}  // namespace ferrum
