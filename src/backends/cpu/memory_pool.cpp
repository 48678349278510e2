#include "backends/cpu/memory_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "ferrum/types/host_memory.h"

namespace ferrum {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;
// Regions of a dynamic pool are at least this large, so that small tensors share one.
constexpr int64_t kSmallestRegion = int64_t{2} << 20;

int64_t page_size() {
  static const int64_t size = sysconf(_SC_PAGESIZE);
  return size;
}

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

std::string in_mib(int64_t bytes) {
  const int64_t tenths = bytes / ((int64_t{1} << 20) / 10);
  return std::to_string(bytes) + " bytes (" + std::to_string(tenths / 10) + "." +
         std::to_string(tenths % 10) + " MiB)";
}

// `size` bytes at a page, at a huge page where that could help; 0 when the system refuses.
uintptr_t map_pages(int64_t size) {
  const int64_t align = size >= 2 * kHugePage ? kHugePage : 0;
  void* mapping = mmap(nullptr, static_cast<size_t>(size + align), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return 0;
  const auto base = reinterpret_cast<uintptr_t>(mapping);
  if (align == 0) return base;
  const uintptr_t aligned = (base + static_cast<uintptr_t>(align) - 1) & ~(uintptr_t(align) - 1);
  const auto end = aligned + static_cast<uintptr_t>(round_up(size, page_size()));
  const auto mapped_end = base + static_cast<uintptr_t>(round_up(size + align, page_size()));
  if (aligned > base) munmap(mapping, aligned - base);
  if (mapped_end > end) munmap(reinterpret_cast<void*>(end), mapped_end - end);
  madvise(reinterpret_cast<void*>(aligned), static_cast<size_t>(size), MADV_HUGEPAGE);
  return aligned;
}

// Makes the pages real, so that a static pool fails now and not at a later write.
bool populate(uintptr_t base, int64_t size) {
  if (size > query_host_memory().available_bytes) return false;
#ifdef MADV_POPULATE_WRITE
  if (madvise(reinterpret_cast<void*>(base), static_cast<size_t>(size), MADV_POPULATE_WRITE) == 0) {
    return true;
  }
  if (errno != EINVAL) return false;
#endif
  auto* bytes = reinterpret_cast<volatile char*>(base);
  for (int64_t i = 0; i < size; i += page_size()) bytes[i] = 0;
  return true;
}

int64_t pool_cap(const BackendMemoryConfig& config) {
  check_memory_config(config);
  return config.pool_size.value_or(query_host_memory().available_bytes);
}

}  // namespace

void check_memory_config(const BackendMemoryConfig& config) {
  const auto refuse = [](const std::string& what, const std::string& hint) {
    throw Error(ErrorCode::kInvalidArgument, "memory_config." + what, hint);
  };
  if (config.pool_size && *config.pool_size <= 0) {
    refuse("pool_size is " + std::to_string(*config.pool_size), "a size in bytes above 0");
  }
  if (!config.pool_size && config.growth_strategy == MemoryGrowthStrategy::kStatic) {
    refuse("pool_size is missing", "a static pool needs its size in bytes");
  }
  if (config.alignment <= 0 || !std::has_single_bit(static_cast<uint64_t>(config.alignment))) {
    refuse("alignment is " + std::to_string(config.alignment), "a power of two");
  }
  if (config.growth_step < page_size() || config.growth_step % page_size() != 0) {
    refuse("growth_step is " + std::to_string(config.growth_step),
           "a multiple of the page size, " + std::to_string(page_size()) + " bytes");
  }
  if (!config.enable_pooling && config.growth_strategy != MemoryGrowthStrategy::kDynamic) {
    refuse("enable_pooling is false with a growth strategy of " +
               std::string(to_string(config.growth_strategy)),
           "without a pool memory is taken as allocations ask: use \"dynamic\"");
  }
}

MemoryPool::MemoryPool(const BackendMemoryConfig& config)
    : config_(config), total_(pool_cap(config)) {
  if (config.growth_strategy == MemoryGrowthStrategy::kStatic) {
    const auto region = add_region(total_);
    if (region == regions_.end() || !populate(region->first, total_)) {
      if (region != regions_.end()) remove_region(region);
      throw Error(ErrorCode::kResourceExhausted,
                  "a static memory pool of " + in_mib(total_) + " cannot be had, " +
                      in_mib(query_host_memory().available_bytes) + " are available",
                  "lower memory_config.pool_size, or use the growth strategy \"dynamic\"");
    }
  } else if (config.growth_strategy == MemoryGrowthStrategy::kIncremental) {
    grow_ahead();
  }
}

MemoryPool::~MemoryPool() {
  while (!regions_.empty()) remove_region(regions_.begin());
}

MemoryPool::Block MemoryPool::take(int64_t bytes, int64_t alignment, Change& change) {
  const std::lock_guard lock(mutex_);
  change.before = pressure();
  const auto exhausted = [&](const std::string& why) {
    return Error(ErrorCode::kResourceExhausted,
                 in_mib(bytes) + " asked of a pool of " + in_mib(total_) + " with " +
                     in_mib(total_ - used_) + " free" + why,
                 "free tensors, or raise memory_config.pool_size");
  };
  if (bytes > total_ - used_) throw exhausted("");
  const int64_t size = round_up(std::max<int64_t>(bytes, 1), config_.alignment);
  Address address = config_.enable_pooling ? cut(size, alignment) : 0;
  if (address == 0) {
    // A region starts at a page; a wider alignment may have to skip to the next multiple.
    grow_for(size + (alignment > page_size() ? alignment : 0));
    address = cut(size, alignment);
  }
  if (address == 0) throw exhausted(", but not in one piece");
  region_of(address)->second.used += size;
  used_ += size;
  peak_ = std::max(peak_, used_);
  ++allocations_;
  grow_ahead();
  change.after = pressure();
  return {reinterpret_cast<void*>(address), size};
}

MemoryPool::Change MemoryPool::give_back(const Block& block) {
  const std::lock_guard lock(mutex_);
  const MemoryPressure before = pressure();
  const auto address = reinterpret_cast<Address>(block.data);
  const auto region = region_of(address);
  region->second.used -= block.size;
  used_ -= block.size;
  --allocations_;
  insert_free(address, block.size);
  if (region->second.used == 0 && !config_.enable_pooling) remove_region(region);
  return {before, pressure()};
}

void MemoryPool::trim() {
  const std::lock_guard lock(mutex_);
  if (config_.growth_strategy != MemoryGrowthStrategy::kStatic) release_empty_regions();
}

MemoryInfo MemoryPool::info() const {
  const std::lock_guard lock(mutex_);
  return {Device::cpu(), total_, used_, total_ - used_, reserved_, peak_, allocations_};
}

MemoryPool::Regions::iterator MemoryPool::region_of(Address address) {
  return std::prev(regions_.upper_bound(address));
}

MemoryPool::Regions::iterator MemoryPool::add_region(int64_t size) {
  const Address base = map_pages(size);
  if (base == 0) return regions_.end();
  reserved_ += size;
  const auto region = regions_.emplace(base, Region{size}).first;
  insert_free(base, size);
  return region;
}

// The region has no live blocks (or the pool is going).
void MemoryPool::remove_region(Regions::iterator region) {
  const auto& [base, bytes] = *region;
  const Address end = base + static_cast<Address>(bytes.size);
  for (auto block = free_.lower_bound(base); block != free_.end() && block->first < end;) {
    erase_free(block++);
  }
  munmap(reinterpret_cast<void*>(base), static_cast<size_t>(bytes.size));
  reserved_ -= bytes.size;
  regions_.erase(region);
}

void MemoryPool::release_empty_regions() {
  for (auto region = regions_.begin(); region != regions_.end();) {
    const auto next = std::next(region);
    if (region->second.used == 0) remove_region(region);
    region = next;
  }
}

void MemoryPool::insert_free(Address address, int64_t size) {
  const auto next = free_.lower_bound(address);
  const auto same_region = [&](Address a, Address b) { return region_of(a) == region_of(b); };
  if (next != free_.end() && address + static_cast<Address>(size) == next->first &&
      same_region(address, next->first)) {
    size += next->second;
    erase_free(next);
  }
  if (const auto after = free_.lower_bound(address); after != free_.begin()) {
    const auto previous = std::prev(after);
    if (previous->first + static_cast<Address>(previous->second) == address &&
        same_region(previous->first, address)) {
      address = previous->first;
      size += previous->second;
      erase_free(previous);
    }
  }
  free_.emplace(address, size);
  by_size_.emplace(size, address);
}

void MemoryPool::erase_free(std::map<Address, int64_t>::iterator block) {
  by_size_.erase({block->second, block->first});
  free_.erase(block);
}

MemoryPool::Address MemoryPool::cut(int64_t size, int64_t alignment) {
  for (auto it = by_size_.lower_bound({size, 0}); it != by_size_.end(); ++it) {
    const auto [block_size, block] = *it;
    const Address mask = static_cast<Address>(alignment) - 1;
    const Address address = (block + mask) & ~mask;
    const auto skipped = static_cast<int64_t>(address - block);
    if (skipped > block_size - size) continue;
    erase_free(free_.find(block));
    if (skipped > 0) insert_free(block, skipped);
    if (const int64_t rest = block_size - skipped - size; rest > 0) {
      insert_free(address + static_cast<Address>(size), rest);
    }
    return address;
  }
  return 0;
}

// Adds one region in which `size` fits, where the cap allows it.
void MemoryPool::grow_for(int64_t size) {
  if (config_.growth_strategy == MemoryGrowthStrategy::kStatic) return;
  const bool steps = config_.growth_strategy == MemoryGrowthStrategy::kIncremental;
  const int64_t unit = steps ? config_.growth_step : page_size();
  int64_t wanted = round_up(size, unit);
  if (!steps && config_.enable_pooling) wanted = std::max(wanted, kSmallestRegion);
  if (wanted > total_ - reserved_) release_empty_regions();
  wanted = std::min(wanted, total_ - reserved_);  // the last piece below the cap may be short
  if (wanted >= size) add_region(wanted);
}

// Keeps one step of an incremental pool free and ready, up to the cap.
void MemoryPool::grow_ahead() {
  if (config_.growth_strategy != MemoryGrowthStrategy::kIncremental) return;
  const int64_t step = std::min(config_.growth_step, total_ - reserved_);
  if (step > 0 && reserved_ - used_ < config_.growth_step) add_region(step);
}

MemoryPressure MemoryPool::pressure() const {
  const double share = static_cast<double>(used_) / static_cast<double>(total_);
  if (share < 0.70) return MemoryPressure::kLow;
  if (share < 0.85) return MemoryPressure::kMedium;
  return share < 0.95 ? MemoryPressure::kHigh : MemoryPressure::kCritical;
}

}  // namespace ferrum
