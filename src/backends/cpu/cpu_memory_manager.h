#pragma once
// DeviceMemoryManager of host memory: a MemoryPool and queues of copies.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "backends/cpu/memory_pool.h"
#include "ferrum/tensor/device_memory.h"

namespace ferrum {

class CopyStream;

class CpuMemoryManager final : public DeviceMemoryManager {
 public:
  explicit CpuMemoryManager(const BackendMemoryConfig& config);
  ~CpuMemoryManager() override;

  // start makes the pool (see MemoryPool); stop waits for all copies and returns what is not in
  // use. Storages keep the pool alive, so they may outlive both.
  void start();
  void stop();
  void synchronize_all();  // every stream

  std::shared_ptr<Storage> allocate(const Device& device, int64_t bytes,
                                    int64_t alignment = 0) override;
  void copy(const Storage& source, int64_t source_offset, const Storage& destination,
            int64_t destination_offset, int64_t bytes) override;
  void copy_async(std::shared_ptr<const Storage> source, int64_t source_offset,
                  std::shared_ptr<const Storage> destination, int64_t destination_offset,
                  int64_t bytes, StreamHandle stream) override;
  StreamHandle create_stream(const Device& device) override;
  void synchronize(StreamHandle stream) override;
  void destroy_stream(StreamHandle stream) override;
  MemoryInfo memory_info(const Device& device) const override;
  void configure_pool(const BackendMemoryConfig& config) override;
  void set_pressure_callback(std::function<void(const Device&, MemoryPressure)> callback) override;

 private:
  class Pool;
  class Allocation;

  std::shared_ptr<Pool> pool() const;
  std::shared_ptr<CopyStream> stream(StreamHandle handle);

  mutable std::mutex mutex_;  // guards all below
  BackendMemoryConfig config_;
  std::shared_ptr<Pool> pool_;
  std::function<void(const Device&, MemoryPressure)> callback_;
  std::map<StreamHandle, std::shared_ptr<CopyStream>> streams_;
  StreamHandle next_stream_ = 1;
};

// Throws kUnsupported for anything but the one CPU.
void check_cpu_device(const Device& device);

}  // namespace ferrum
