#pragma once
// The bytes behind CpuMemoryManager: regions taken from the system, cut into blocks by best fit.
//
// Neighbouring free blocks of a region are one. Taking and returning memory costs O(log blocks).
// Thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "ferrum/tensor/device_memory.h"

namespace ferrum {

class MemoryPool {
 public:
  // Takes what the growth strategy wants at the start. Throws kResourceExhausted when a static
  // pool cannot be had, kInvalidArgument for a config that makes no sense.
  explicit MemoryPool(const BackendMemoryConfig& config);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  struct Change {  // of the pressure level, by one call
    MemoryPressure before;
    MemoryPressure after;
  };

  // `size` is what to pass to give_back: `bytes` rounded up to the alignment.
  struct Block {
    void* data;
    int64_t size;
  };
  Block take(int64_t bytes, int64_t alignment, Change& change);
  Change give_back(const Block& block);

  // Returns the regions without live blocks to the system, unless the pool is static.
  void trim();

  MemoryInfo info() const;
  int64_t alignment() const { return config_.alignment; }

 private:
  using Address = uintptr_t;
  struct Region {
    int64_t size;
    int64_t used = 0;
  };
  using Regions = std::map<Address, Region>;  // by the first byte

  Regions::iterator region_of(Address address);
  Regions::iterator add_region(int64_t size);
  void remove_region(Regions::iterator region);
  void release_empty_regions();
  void insert_free(Address address, int64_t size);
  void erase_free(std::map<Address, int64_t>::iterator block);
  Address cut(int64_t size, int64_t alignment);  // 0 where no free block fits
  void grow_for(int64_t size);
  void grow_ahead();
  MemoryPressure pressure() const;

  const BackendMemoryConfig config_;
  const int64_t total_;
  mutable std::mutex mutex_;  // guards all below
  Regions regions_;
  std::map<Address, int64_t> free_;                // address -> size
  std::set<std::pair<int64_t, Address>> by_size_;  // the same blocks
  int64_t reserved_ = 0;
  int64_t used_ = 0;
  int64_t peak_ = 0;
  int64_t allocations_ = 0;
};

// Throws kInvalidArgument naming the field that makes no sense.
void check_memory_config(const BackendMemoryConfig& config);

}  // namespace ferrum
