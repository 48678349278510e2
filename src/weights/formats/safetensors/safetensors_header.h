#pragma once
// The header of a safetensors file: its JSON, checked in full before a tensor is believed.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ferrum/weights/weight_metadata.h"

namespace ferrum {

constexpr int64_t kMaxSafetensorsHeaderBytes = 100'000'000;  // the limit of the reference
constexpr int64_t kMaxSafetensorsTensors = 500'000;

// Every element type by its name in headers, narrow ones first, as the reference orders them.
using SafetensorsDtype = std::pair<std::string_view, DataType>;
std::span<const SafetensorsDtype> safetensors_dtypes();

struct SafetensorsHeader {
  WeightMetadata metadata;
  std::map<std::string, int64_t, std::less<>> offsets;  // of each tensor, from the data's start
};

// `data_bytes` is what follows the header in the file: the tensors fill it exactly, without holes
// and overlaps. `what` names the file. Throws kInvalidFormat, kUnsupported for more dimensions than
// Shape holds.
SafetensorsHeader parse_safetensors_header(std::string_view json, int64_t data_bytes,
                                           const std::string& what);

}  // namespace ferrum
