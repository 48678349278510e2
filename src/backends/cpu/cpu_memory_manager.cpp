#include "backends/cpu/cpu_memory_manager.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "backends/cpu/copy_stream.h"

namespace ferrum {
namespace {

void check_range(const char* which, const Storage& storage, int64_t offset, int64_t bytes) {
  check_cpu_device(storage.device());
  if (offset >= 0 && bytes >= 0 && offset <= storage.size() && bytes <= storage.size() - offset) {
    return;
  }
  throw Error(ErrorCode::kInvalidArgument, std::to_string(bytes) + " bytes at offset " +
                                               std::to_string(offset) + " of a " + which + " of " +
                                               std::to_string(storage.size()) + " bytes");
}

std::byte* check_copy(const Storage& source, int64_t source_offset, const Storage& destination,
                      int64_t destination_offset, int64_t bytes) {
  check_range("source", source, source_offset, bytes);
  check_range("destination", destination, destination_offset, bytes);
  if (!destination.writable()) {
    throw Error(ErrorCode::kInvalidArgument, "the destination is read-only memory");
  }
  const std::byte* from = static_cast<const std::byte*>(source.data()) + source_offset;
  std::byte* to = static_cast<std::byte*>(destination.data()) + destination_offset;
  if (from < to + bytes && to < from + bytes) {
    throw Error(ErrorCode::kInvalidArgument, "source and destination overlap");
  }
  return to;
}

}  // namespace

void check_cpu_device(const Device& device) {
  if (device == Device::cpu()) return;
  throw Error(ErrorCode::kUnsupported, "the cpu backend has no device " + to_string(device),
              "its only device is cpu");
}

// A MemoryPool and whom to tell about its pressure; shared by the allocations made from it.
class CpuMemoryManager::Pool {
 public:
  Pool(const BackendMemoryConfig& config,
       std::function<void(const Device&, MemoryPressure)> callback)
      : memory_(config), callback_(std::move(callback)) {}

  MemoryPool& memory() { return memory_; }

  void set_callback(std::function<void(const Device&, MemoryPressure)> callback) {
    const std::lock_guard lock(mutex_);
    callback_ = std::move(callback);
  }

  void report(const MemoryPool::Change& change) {
    if (change.before == change.after) return;
    std::function<void(const Device&, MemoryPressure)> callback;
    {
      const std::lock_guard lock(mutex_);
      callback = callback_;
    }
    if (callback) callback(Device::cpu(), change.after);
  }

 private:
  MemoryPool memory_;
  std::mutex mutex_;  // guards callback_
  std::function<void(const Device&, MemoryPressure)> callback_;
};

class CpuMemoryManager::Allocation final : public Storage {
 public:
  Allocation(std::shared_ptr<Pool> pool, const MemoryPool::Block& block, int64_t bytes)
      : Storage(block.data, bytes, Device::cpu(), true), pool_(std::move(pool)), block_(block) {}
  ~Allocation() override { pool_->report(pool_->memory().give_back(block_)); }

 private:
  std::shared_ptr<Pool> pool_;
  MemoryPool::Block block_;
};

CpuMemoryManager::CpuMemoryManager(const BackendMemoryConfig& config) : config_(config) {}

CpuMemoryManager::~CpuMemoryManager() { stop(); }

void CpuMemoryManager::start() {
  const std::lock_guard lock(mutex_);
  // A pool with live allocations stays through shutdown and initialize.
  if (pool_ && pool_->memory().info().allocations > 0) return;
  pool_.reset();
  pool_ = std::make_shared<Pool>(config_, callback_);
}

void CpuMemoryManager::stop() {
  std::map<StreamHandle, std::shared_ptr<CopyStream>> streams;
  {
    const std::lock_guard lock(mutex_);
    streams.swap(streams_);
  }
  streams.clear();  // waits for the copies, outside the lock
  const std::lock_guard lock(mutex_);
  if (!pool_) return;
  pool_->memory().trim();
  if (pool_->memory().info().allocations == 0) pool_.reset();
}

std::shared_ptr<CpuMemoryManager::Pool> CpuMemoryManager::pool() const {
  const std::lock_guard lock(mutex_);
  return pool_;
}

std::shared_ptr<Storage> CpuMemoryManager::allocate(const Device& device, int64_t bytes,
                                                    int64_t alignment) {
  check_cpu_device(device);
  if (bytes < 0 || alignment < 0 ||
      (alignment > 0 && !std::has_single_bit(static_cast<uint64_t>(alignment)))) {
    throw Error(ErrorCode::kInvalidArgument, "an allocation of " + std::to_string(bytes) +
                                                 " bytes at a multiple of " +
                                                 std::to_string(alignment));
  }
  const std::shared_ptr<Pool> from = pool();
  MemoryPool::Change change{};
  const MemoryPool::Block block =
      from->memory().take(bytes, std::max(alignment, from->memory().alignment()), change);
  auto storage = std::make_shared<Allocation>(from, block, bytes);
  from->report(change);
  return storage;
}

void CpuMemoryManager::copy(const Storage& source, int64_t source_offset,
                            const Storage& destination, int64_t destination_offset, int64_t bytes) {
  std::byte* to = check_copy(source, source_offset, destination, destination_offset, bytes);
  std::memcpy(to, static_cast<const std::byte*>(source.data()) + source_offset,
              static_cast<size_t>(bytes));
}

void CpuMemoryManager::copy_async(std::shared_ptr<const Storage> source, int64_t source_offset,
                                  std::shared_ptr<const Storage> destination,
                                  int64_t destination_offset, int64_t bytes, StreamHandle handle) {
  if (!source || !destination) {
    throw Error(ErrorCode::kInvalidArgument, "a copy without source or destination");
  }
  std::byte* to = check_copy(*source, source_offset, *destination, destination_offset, bytes);
  const std::byte* from = static_cast<const std::byte*>(source->data()) + source_offset;
  stream(handle)->enqueue(
      [to, from, bytes, kept = std::pair(std::move(source), std::move(destination))] {
        std::memcpy(to, from, static_cast<size_t>(bytes));
      });
}

StreamHandle CpuMemoryManager::create_stream(const Device& device) {
  check_cpu_device(device);
  auto created = std::make_shared<CopyStream>();
  const std::lock_guard lock(mutex_);
  streams_.emplace(next_stream_, std::move(created));
  return next_stream_++;
}

std::shared_ptr<CopyStream> CpuMemoryManager::stream(StreamHandle handle) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(handle);
  if (found != streams_.end()) return found->second;
  if (handle != 0) {
    throw Error(ErrorCode::kInvalidArgument, "there is no stream " + std::to_string(handle),
                "make it with create_stream");
  }
  return streams_.emplace(0, std::make_shared<CopyStream>()).first->second;
}

void CpuMemoryManager::synchronize_all() {
  std::vector<std::shared_ptr<CopyStream>> streams;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [handle, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->synchronize();
}

void CpuMemoryManager::synchronize(StreamHandle handle) { stream(handle)->synchronize(); }

void CpuMemoryManager::destroy_stream(StreamHandle handle) {
  if (handle == 0) {
    throw Error(ErrorCode::kInvalidArgument, "stream 0 is the backend's own");
  }
  const std::shared_ptr<CopyStream> last = stream(handle);
  {
    const std::lock_guard lock(mutex_);
    streams_.erase(handle);
  }
  last->synchronize();
}

MemoryInfo CpuMemoryManager::memory_info(const Device& device) const {
  check_cpu_device(device);
  const std::shared_ptr<Pool> current = pool();
  return current ? current->memory().info() : MemoryInfo{};
}

void CpuMemoryManager::configure_pool(const BackendMemoryConfig& config) {
  const std::lock_guard lock(mutex_);
  if (pool_ && pool_->memory().info().allocations > 0) {
    throw Error(ErrorCode::kFailedState,
                std::to_string(pool_->memory().info().allocations) +
                    " allocations are live, so the pool cannot change",
                "free all tensors first");
  }
  pool_ = std::make_shared<Pool>(config, callback_);
  config_ = config;
}

void CpuMemoryManager::set_pressure_callback(
    std::function<void(const Device&, MemoryPressure)> callback) {
  const std::lock_guard lock(mutex_);
  callback_ = std::move(callback);
  if (pool_) pool_->set_callback(callback_);
}

}  // namespace ferrum
