#include "ferrum/backends/machine_limits.h"

namespace ferrum {

void to_json(Json& json, const MachineLimits& limits) {
  json = Json{{"read_bytes_per_second", limits.read_bytes_per_second},
              {"dot_flops_per_second", limits.dot_flops_per_second},
              {"dot_dtype", limits.dot_dtype},
              {"dot_instruction", limits.dot_instruction}};
}

void from_json(const Json& json, MachineLimits& limits) {
  JsonReader reader(json, "machine limits");
  reader.read("read_bytes_per_second", limits.read_bytes_per_second);
  reader.read("dot_flops_per_second", limits.dot_flops_per_second);
  reader.read("dot_dtype", limits.dot_dtype);
  reader.read("dot_instruction", limits.dot_instruction);
  reader.finish();
}

}  // namespace ferrum
