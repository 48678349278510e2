#pragma once
// A live snapshot of a backend. Seed name: BackendStatus.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/types/device.h"
#include "ferrum/types/json.h"

namespace ferrum {

enum class BackendState { kCreated, kInitialized, kReady, kFailed, kShutDown };
std::string_view to_string(BackendState state);  // "created", "initialized", ...

struct BackendStatus {
  bool is_initialized = false;  // initialize() succeeded and shutdown() was not called
  bool is_ready = false;        // initialized, and operations are accepted
  std::vector<Device> active_devices;
  std::map<Device, int64_t> memory_usage;  // bytes in live allocations
  uint64_t operations_completed = 0;       // TensorOps and kernel-op calls since initialize
  std::optional<std::string> last_error;   // of the last call that threw, with the op's name
  Json backend_specific = Json::object();  // "state" and the backend's own
};
void to_json(Json& json, const BackendStatus& status);
void from_json(const Json& json, BackendStatus& status);

}  // namespace ferrum
