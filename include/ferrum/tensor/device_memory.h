#pragma once
// Memory of one backend's devices: real bytes, really copied, really counted. Seed name:
// DeviceMemoryManager.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "ferrum/tensor/storage.h"
#include "ferrum/types/json.h"

namespace ferrum {

// How a pool gets its memory from the system.
enum class MemoryGrowthStrategy {
  kStatic,       // the whole pool when the backend starts, or a clear failure; never more
  kDynamic,      // as allocations ask, up to the pool size
  kIncremental,  // in fixed steps, one step ahead of need, up to the pool size
};
std::string_view to_string(MemoryGrowthStrategy strategy);  // "static", "dynamic", "incremental"
void to_json(Json& json, const MemoryGrowthStrategy& strategy);
void from_json(const Json& json, MemoryGrowthStrategy& strategy);

struct BackendMemoryConfig {
  // Cap of everything the manager takes from the system, in bytes. Without a value: what the
  // process may use (machine, cgroup, RLIMIT_AS) when the backend starts. kStatic needs a value.
  std::optional<int64_t> pool_size;
  int64_t alignment = 64;      // of every allocation; a power of two
  bool enable_pooling = true;  // keep freed blocks for reuse instead of returning them at once
  MemoryGrowthStrategy growth_strategy = MemoryGrowthStrategy::kDynamic;
  int64_t growth_step = int64_t{64} << 20;  // of kIncremental, in bytes
};
void to_json(Json& json, const BackendMemoryConfig& config);
void from_json(const Json& json, BackendMemoryConfig& config);

// A snapshot; all in bytes but the count.
struct MemoryInfo {
  Device device;
  int64_t total = 0;     // the cap
  int64_t used = 0;      // in live allocations, alignment included
  int64_t free = 0;      // total - used
  int64_t reserved = 0;  // taken from the system and not given back; used <= reserved <= total
  int64_t peak = 0;      // the highest `used` so far
  int64_t allocations = 0;  // live allocations
};
void to_json(Json& json, const MemoryInfo& info);
void from_json(const Json& json, MemoryInfo& info);

enum class MemoryPressure { kLow, kMedium, kHigh, kCritical };  // used/total < 70, 85, 95 %, above
std::string_view to_string(MemoryPressure pressure);

// An ordered queue of copies; 0 is the backend's own queue.
using StreamHandle = uint64_t;

class DeviceMemoryManager {
 public:
  virtual ~DeviceMemoryManager() = default;

  // `bytes` >= 0 of uninitialised memory at a multiple of `alignment` (0: the configured one, else
  // a power of two). Freed when the last reference goes. Throws kResourceExhausted, saying how
  // much was asked and how much is free.
  virtual std::shared_ptr<Storage> allocate(const Device& device, int64_t bytes,
                                            int64_t alignment = 0) = 0;

  // Copies between storages of this backend's devices and host memory. Ranges are checked; source
  // and destination may be one storage, but must not overlap. Returns when done.
  virtual void copy(const Storage& source, int64_t source_offset, const Storage& destination,
                    int64_t destination_offset, int64_t bytes) = 0;
  // The same, queued on `stream`. Both storages are kept alive until the copy is done.
  virtual void copy_async(std::shared_ptr<const Storage> source, int64_t source_offset,
                          std::shared_ptr<const Storage> destination, int64_t destination_offset,
                          int64_t bytes, StreamHandle stream) = 0;
  virtual StreamHandle create_stream(const Device& device) = 0;
  virtual void synchronize(StreamHandle stream) = 0;  // waits for all copies queued so far
  virtual void destroy_stream(StreamHandle stream) = 0;  // waits first

  virtual MemoryInfo memory_info(const Device& device) const = 0;

  // Takes effect at once. Throws kFailedState while allocations are live, kResourceExhausted when
  // a static pool cannot be had (the old pool stays).
  virtual void configure_pool(const BackendMemoryConfig& config) = 0;

  // Called after each change of the pressure level, outside any lock, on the thread whose
  // allocation or release changed it; an empty function removes it.
  virtual void set_pressure_callback(
      std::function<void(const Device&, MemoryPressure)> callback) = 0;
};

}  // namespace ferrum
