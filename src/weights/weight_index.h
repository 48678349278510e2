#pragma once
// The index of a sharded checkpoint: {"metadata": {...}, "weight_map": {tensor: file}}.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "weights/model_file_name.h"

namespace ferrum {

constexpr int64_t kMaxWeightIndexBytes = int64_t{64} << 20;
constexpr size_t kMaxWeightIndexTensors = 500'000;

// Tensor to file; every file is_model_file_name. `what` names the index. Throws kInvalidFormat.
std::map<std::string, std::string, std::less<>> parse_weight_index(std::string_view json,
                                                                   const std::string& what);

}  // namespace ferrum
