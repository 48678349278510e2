#include "ferrum/backends/backend_config.h"

#include "backends/json_object.h"

namespace ferrum {

void to_json(Json& json, const BackendConfig& config) {
  json = {{"backend_type", config.backend_type},
          {"device", config.device},
          {"optimization_level", config.optimization_level},
          {"enable_debug", config.enable_debug},
          {"memory_config", config.memory_config},
          {"backend_options", config.backend_options}};
}

void from_json(const Json& json, BackendConfig& config) {
  JsonReader reader(json, "backend config");
  config = BackendConfig();
  reader.read("backend_type", config.backend_type);
  reader.read("device", config.device);
  reader.read("optimization_level", config.optimization_level);
  reader.read("enable_debug", config.enable_debug);
  reader.read("memory_config", config.memory_config);
  read_object(reader, "backend_options", config.backend_options);
  reader.finish();
}

}  // namespace ferrum
