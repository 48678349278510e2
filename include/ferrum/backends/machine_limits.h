#pragma once
// What a device can do at most, measured now: the yardsticks of every benchmark.

#include <string>

#include "ferrum/types/dtype.h"
#include "ferrum/types/json.h"

namespace ferrum {

struct MachineLimits {
  double read_bytes_per_second = 0;  // from memory, far beyond every cache
  // Multiply-adds count as two. By the fastest instructions of the device for weights of the dtype.
  double dot_flops_per_second = 0;
  DataType dot_dtype = DataType::kF32;
  std::string dot_instruction;  // "tdpbf16ps", "vdpbf16ps", "vfmadd231ps", ...
};
void to_json(Json& json, const MachineLimits& limits);
void from_json(const Json& json, MachineLimits& limits);

}  // namespace ferrum
