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
  if (info.encoding.empty()) return;
  json["encoding"] = info.encoding;
  json["stored_bytes"] = info.stored_bytes;
}

void from_json(const Json& json, TensorInfo& info) {
  info = {};
  JsonReader reader(json, "tensor info");
  reader.require("dtype", info.dtype);
  reader.require("shape", info.shape);
  reader.require("size_bytes", info.size_bytes);
  reader.read("encoding", info.encoding);
  reader.read("stored_bytes", info.stored_bytes);
  reader.finish();
}

void to_json(Json& json, const WeightMetadata& metadata) {
  json = {{"tensors", Json::object()},
          {"format", metadata.format},
          {"total_size_bytes", metadata.total_size_bytes},
          {"dtypes", metadata.dtypes},
          {"extra", metadata.extra}};
  for (const auto& [name, info] : metadata.tensors) json["tensors"][name] = info;
  if (!metadata.unreadable.empty()) json["unreadable"] = metadata.unreadable;
}

void from_json(const Json& json, WeightMetadata& metadata) {
  metadata = {};
  JsonReader reader(json, "weight metadata");
  Json tensors = Json::object();
  reader.require("tensors", tensors);
  for (const auto& [name, info] : tensors.items()) {
    metadata.tensors.emplace(name, info.get<TensorInfo>());
  }
  reader.read("unreadable", metadata.unreadable);
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
  json = {{"max_concurrent_loads", config.max_concurrent_loads},
          {"enable_caching", config.enable_caching},
          {"max_concurrent_downloads", config.max_concurrent_downloads},
          {"download_timeout_seconds", config.download_timeout_seconds},
          {"enable_integrity_checks", config.enable_integrity_checks},
          {"default_headers", config.default_headers}};
  if (config.cache_dir) json["cache_dir"] = *config.cache_dir;
  if (config.max_cache_size) json["max_cache_size"] = *config.max_cache_size;
}

void from_json(const Json& json, WeightLoaderConfig& config) {
  config = {};
  JsonReader reader(json, "weight loader config");
  reader.read("max_concurrent_loads", config.max_concurrent_loads);
  reader.read("enable_caching", config.enable_caching);
  if (std::string dir; reader.read("cache_dir", dir)) config.cache_dir = std::move(dir);
  if (int64_t size = 0; reader.read("max_cache_size", size)) config.max_cache_size = size;
  reader.read("max_concurrent_downloads", config.max_concurrent_downloads);
  reader.read("download_timeout_seconds", config.download_timeout_seconds);
  reader.read("enable_integrity_checks", config.enable_integrity_checks);
  reader.read("default_headers", config.default_headers);
  reader.finish();
}

void check_config(const WeightLoaderConfig& config) {
  const auto check = [](const char* name, int64_t value, int64_t least, int64_t most) {
    if (least <= value && value <= most) return;
    throw Error(ErrorCode::kInvalidArgument, std::string(name) + " is " + std::to_string(value),
                std::to_string(least) + " to " + std::to_string(most) + " are possible");
  };
  check("max_concurrent_loads", config.max_concurrent_loads, 0, 256);
  check("max_concurrent_downloads", config.max_concurrent_downloads, 1, 256);
  check("download_timeout_seconds", config.download_timeout_seconds, 1, 86400);
  check("max_cache_size", config.max_cache_size.value_or(0), 0, INT64_MAX);
}

}  // namespace ferrum
