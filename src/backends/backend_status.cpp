#include "ferrum/backends/backend_status.h"

#include <array>

#include "backends/json_object.h"

namespace ferrum {

std::string_view to_string(BackendState state) {
  constexpr std::array<std::string_view, 5> kNames{"created", "initialized", "ready", "failed",
                                                   "shut down"};
  return kNames[static_cast<size_t>(state)];
}

void to_json(Json& json, const BackendStatus& status) {
  Json memory = Json::object();
  for (const auto& [device, bytes] : status.memory_usage) memory[to_string(device)] = bytes;
  json = {{"is_initialized", status.is_initialized},
          {"is_ready", status.is_ready},
          {"active_devices", status.active_devices},
          {"memory_usage", memory},
          {"operations_completed", status.operations_completed},
          {"last_error", status.last_error ? Json(*status.last_error) : Json(nullptr)},
          {"backend_specific", status.backend_specific}};
}

void from_json(const Json& json, BackendStatus& status) {
  JsonReader reader(json, "backend status");
  status = {};
  reader.require("is_initialized", status.is_initialized);
  reader.require("is_ready", status.is_ready);
  reader.require("active_devices", status.active_devices);
  std::map<std::string, int64_t> memory;
  reader.require("memory_usage", memory);
  for (const auto& [device, bytes] : memory) status.memory_usage[parse_device(device)] = bytes;
  reader.require("operations_completed", status.operations_completed);
  std::string error;
  if (reader.read("last_error", error)) status.last_error = error;
  read_object(reader, "backend_specific", status.backend_specific);
  reader.finish();
}

}  // namespace ferrum
