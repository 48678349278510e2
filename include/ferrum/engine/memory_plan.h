#pragma once
// What a model will need, said before anything is loaded.

#include <cstdint>
#include <string>

#include "ferrum/types/dtype.h"
#include "ferrum/types/json.h"

namespace ferrum {

struct MemoryPlan {
  DataType weight_dtype = DataType::kF32;  // of most of them
  DataType activation_dtype = DataType::kF32;  // and of the cache
  int64_t weight_bytes = 0;     // as they will lie in memory
  int64_t kv_bytes = 0;         // of the whole cache
  int64_t workspace_bytes = 0;  // activations, logits, step tensors
  int64_t kv_bytes_per_token = 0;
  int64_t context_tokens = 0;   // longest sequence
  int64_t model_context_tokens = 0;  // what the model was made for; more than context_tokens when
                                     // the context was chosen or shrunk to fit
  int64_t cache_tokens = 0;     // of all sequences together
  int64_t available_bytes = 0;  // what the device, the cgroup and the limits leave
  int64_t total_bytes() const { return weight_bytes + kv_bytes + workspace_bytes; }
};
void to_json(Json& json, const MemoryPlan& plan);
void from_json(const Json& json, MemoryPlan& plan);

// One line per item, for people.
std::string to_string(const MemoryPlan& plan);

}  // namespace ferrum
