#include "ferrum/backends/backend_capabilities.h"

#include <algorithm>

#include "backends/json_object.h"

namespace ferrum {

void to_json(Json& json, const BackendRequirements& r) {
  json = {{"required_devices", r.required_devices},
          {"required_dtypes", r.required_dtypes},
          {"min_batch_size", r.min_batch_size},
          {"min_sequence_length", r.min_sequence_length},
          {"requires_flash_attention", r.requires_flash_attention},
          {"requires_paged_attention", r.requires_paged_attention},
          {"extra_requirements", r.extra_requirements}};
}

void from_json(const Json& json, BackendRequirements& r) {
  JsonReader reader(json, "backend requirements");
  r = {};
  reader.read("required_devices", r.required_devices);
  reader.read("required_dtypes", r.required_dtypes);
  reader.read("min_batch_size", r.min_batch_size);
  reader.read("min_sequence_length", r.min_sequence_length);
  reader.read("requires_flash_attention", r.requires_flash_attention);
  reader.read("requires_paged_attention", r.requires_paged_attention);
  read_object(reader, "extra_requirements", r.extra_requirements);
  reader.finish();
}

void to_json(Json& json, const BackendCapabilities& c) {
  json = {{"supported_dtypes", c.supported_dtypes},
          {"supported_devices", c.supported_devices},
          {"max_tensor_dims", c.max_tensor_dims},
          {"supports_fp16", c.supports_fp16},
          {"supports_bf16", c.supports_bf16},
          {"supports_native_bf16", c.supports_native_bf16},
          {"supports_int8", c.supports_int8},
          {"supports_flash_attention", c.supports_flash_attention},
          {"supports_paged_attention", c.supports_paged_attention},
          {"supports_tensor_parallelism", c.supports_tensor_parallelism},
          {"supports_pipeline_parallelism", c.supports_pipeline_parallelism},
          {"max_batch_size", c.max_batch_size},
          {"max_sequence_length", c.max_sequence_length},
          {"memory_alignment", c.memory_alignment},
          {"supports_custom_kernels", c.supports_custom_kernels},
          {"supports_cuda_graphs", c.supports_cuda_graphs},
          {"extra_capabilities", c.extra_capabilities}};
}

void from_json(const Json& json, BackendCapabilities& c) {
  JsonReader reader(json, "backend capabilities");
  c = {};
  reader.require("supported_dtypes", c.supported_dtypes);
  reader.require("supported_devices", c.supported_devices);
  reader.require("max_tensor_dims", c.max_tensor_dims);
  reader.require("supports_fp16", c.supports_fp16);
  reader.require("supports_bf16", c.supports_bf16);
  reader.require("supports_native_bf16", c.supports_native_bf16);
  reader.require("supports_int8", c.supports_int8);
  reader.require("supports_flash_attention", c.supports_flash_attention);
  reader.require("supports_paged_attention", c.supports_paged_attention);
  reader.require("supports_tensor_parallelism", c.supports_tensor_parallelism);
  reader.require("supports_pipeline_parallelism", c.supports_pipeline_parallelism);
  reader.require("max_batch_size", c.max_batch_size);
  reader.require("max_sequence_length", c.max_sequence_length);
  reader.require("memory_alignment", c.memory_alignment);
  reader.require("supports_custom_kernels", c.supports_custom_kernels);
  reader.require("supports_cuda_graphs", c.supports_cuda_graphs);
  read_object(reader, "extra_capabilities", c.extra_capabilities);
  reader.finish();
}

bool BackendCapabilities::meets_requirements(const BackendRequirements& requirements) const {
  return unmet_requirements(requirements).empty();
}

std::vector<std::string> BackendCapabilities::unmet_requirements(
    const BackendRequirements& r) const {
  std::vector<std::string> reasons;
  const auto need = [&](bool met, const std::string& reason) {
    if (!met) reasons.push_back(reason);
  };
  const auto contains = [](const auto& list, const auto& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  for (const Device& device : r.required_devices) {
    need(contains(supported_devices, device), "it has no device " + to_string(device));
  }
  for (const DataType dtype : r.required_dtypes) {
    need(contains(supported_dtypes, dtype),
         "it does not support the data type " + std::string(to_string(dtype)));
  }
  need(max_batch_size >= r.min_batch_size, "its largest batch is " +
                                               std::to_string(max_batch_size) + ", " +
                                               std::to_string(r.min_batch_size) + " is required");
  need(max_sequence_length >= r.min_sequence_length,
       "its longest sequence is " + std::to_string(max_sequence_length) + ", " +
           std::to_string(r.min_sequence_length) + " is required");
  need(supports_flash_attention || !r.requires_flash_attention, "it has no flash attention");
  need(supports_paged_attention || !r.requires_paged_attention, "it has no paged attention");
  for (const auto& [key, value] : r.extra_requirements.items()) {
    const auto found = extra_capabilities.find(key);
    const std::string is = found == extra_capabilities.end() ? "absent" : found->dump();
    need(found != extra_capabilities.end() && *found == value,
         "its capability '" + key + "' is " + is + ", " + value.dump() + " is required");
  }
  return reasons;
}

}  // namespace ferrum
