// JSON of the loader's types.

#include <algorithm>

#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"

namespace ferrum {

void WeightMetadata::summarise() {
  total_size_bytes = 0;
  dtypes.clear();
  for (const auto& [name, info] : tensors) {
    total_size_bytes += info.size_bytes;
    if (std::find(dtypes.begin(), dtypes.end(), info.dtype) == dtypes.end()) {
      dtypes.push_back(info.dtype);
    }
  }
  std::sort(dtypes.begin(), dtypes.end());
}

void to_json(Json& json, const TensorInfo& info) {
  json = {{"dtype", info.dtype}, {"shape", info.shape}, {"size_bytes", info.size_bytes}};
}

void from_json(const Json& json, TensorInfo& info) {
  info = {};
  JsonReader reader(json, "tensor info");
  reader.require("dtype", info.dtype);
  reader.require("shape", info.shape);
  reader.require("size_bytes", info.size_bytes);
  reader.finish();
}

void to_json(Json& json, const WeightMetadata& metadata) {
  json = {{"tensors", Json::object()},
          {"format", metadata.format},
          {"total_size_bytes", metadata.total_size_bytes},
          {"dtypes", metadata.dtypes},
          {"extra", metadata.extra}};
  for (const auto& [name, info] : metadata.tensors) json["tensors"][name] = info;
}

void from_json(const Json& json, WeightMetadata& metadata) {
  metadata = {};
  JsonReader reader(json, "weight metadata");
  Json tensors = Json::object();
  reader.require("tensors", tensors);
  for (const auto& [name, info] : tensors.items()) {
    metadata.tensors.emplace(name, info.get<TensorInfo>());
  }
  reader.require("format", metadata.format);
  reader.require("total_size_bytes", metadata.total_size_bytes);
  reader.require("dtypes", metadata.dtypes);
  reader.read("extra", metadata.extra);
  reader.finish();
}

void to_json(Json& json, const TensorSpec& spec) {
  json = {{"name", spec.name},
          {"device", spec.device},
          {"source", spec.source},
          {"transformations", spec.transformations}};
  if (spec.shape) json["shape"] = *spec.shape;
  if (spec.dtype) json["dtype"] = *spec.dtype;
}

void from_json(const Json& json, TensorSpec& spec) {
  spec = {};
  JsonReader reader(json, "tensor spec");
  reader.require("name", spec.name);
  if (Shape shape; reader.read("shape", shape)) spec.shape = shape;
  if (DataType dtype{}; reader.read("dtype", dtype)) spec.dtype = dtype;
  reader.read("device", spec.device);
  reader.require("source", spec.source);
  reader.read("transformations", spec.transformations);
  reader.finish();
}

void to_json(Json& json, const WeightLoaderCapabilities& capabilities) {
  json = {{"supported_formats", capabilities.supported_formats},
          {"supported_sources", capabilities.supported_sources},
          {"max_tensor_size", capabilities.max_tensor_size},
          {"supports_streaming", capabilities.supports_streaming},
          {"supports_concurrent", capabilities.supports_concurrent},
          {"supported_transformations", capabilities.supported_transformations}};
}

void from_json(const Json& json, WeightLoaderCapabilities& capabilities) {
  capabilities = {};
  JsonReader reader(json, "weight loader capabilities");
  reader.require("supported_formats", capabilities.supported_formats);
  reader.require("supported_sources", capabilities.supported_sources);
  reader.require("max_tensor_size", capabilities.max_tensor_size);
  reader.require("supports_streaming", capabilities.supports_streaming);
  reader.require("supports_concurrent", capabilities.supports_concurrent);
  reader.require("supported_transformations", capabilities.supported_transformations);
  reader.finish();
}

void to_json(Json& json, const WeightLoaderConfig& config) {
  json = {{"max_concurrent_loads", config.max_concurrent_loads}};
}

void from_json(const Json& json, WeightLoaderConfig& config) {
  config = {};
  JsonReader reader(json, "weight loader config");
  reader.read("max_concurrent_loads", config.max_concurrent_loads);
  reader.finish();
}

}  // namespace ferrum
