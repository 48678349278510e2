#pragma once
// What a backend can do, and what a caller needs of one. Every field is a measured fact: the
// conformance suite fails when a claimed ability does not work, and when a working one is not
// claimed. Seed names: BackendCapabilities, BackendRequirements.

#include <cstdint>
#include <string>
#include <vector>

#include "ferrum/types/device.h"
#include "ferrum/types/dtype.h"
#include "ferrum/types/json.h"

namespace ferrum {

struct BackendRequirements {
  std::vector<Device> required_devices;  // all of them
  std::vector<DataType> required_dtypes;
  int64_t min_batch_size = 0;
  int64_t min_sequence_length = 0;
  bool requires_flash_attention = false;
  bool requires_paged_attention = false;
  Json extra_requirements = Json::object();  // key and value must equal those in the extras
};
void to_json(Json& json, const BackendRequirements& requirements);
void from_json(const Json& json, BackendRequirements& requirements);

struct BackendCapabilities {
  std::vector<DataType> supported_dtypes;  // of tensors that TensorOps::cast can read and write
  std::vector<Device> supported_devices;
  int max_tensor_dims = 0;
  bool supports_fp16 = false;  // f16 weights and activations in every op group
  bool supports_bf16 = false;
  // Products of bf16 weights are computed from bf16 on both sides, not widened to f32: linear()
  // rounds an x of f32 for them, so that activations in bf16 lose nothing there.
  bool supports_native_bf16 = false;
  bool supports_int8 = false;  // int8 weights computed packed
  bool supports_flash_attention = false;  // attention scratch does not grow with the context
  bool supports_paged_attention = false;
  bool supports_tensor_parallelism = false;
  bool supports_pipeline_parallelism = false;
  int64_t max_batch_size = 0;       // items of one step
  int64_t max_sequence_length = 0;  // tokens of one sequence
  int64_t memory_alignment = 0;     // bytes, of every allocation
  bool supports_custom_kernels = false;
  bool supports_cuda_graphs = false;
  Json extra_capabilities = Json::object();  // e.g. "isa", "threads", "cpu_features"

  // All fields of the requirements are checked.
  bool meets_requirements(const BackendRequirements& requirements) const;
  // One sentence for each requirement that is not met; empty when all are.
  std::vector<std::string> unmet_requirements(const BackendRequirements& requirements) const;
};
void to_json(Json& json, const BackendCapabilities& capabilities);
void from_json(const Json& json, BackendCapabilities& capabilities);

}  // namespace ferrum
