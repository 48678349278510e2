#include "weights/downloads/cache_limit.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "ferrum/types/function_ref.h"
#include "ferrum/weights/weight_cache.h"
#include "weights/disk.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/cached_files.h"
#include "weights/downloads/file_lock.h"
#include "weights/downloads/hub_cache.h"
#include "weights/downloads/object_cache.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

void check_fits(const Download& d, int64_t max_bytes) {
  if (d.content.size <= max_bytes) return;
  throw Error(ErrorCode::kResourceExhausted,
              d.content.name + " has " + format_bytes(d.content.size) + ", the cache may hold " +
                  format_bytes(max_bytes),
              "raise max_cache_size, or read without caching");
}

// One process at a time makes room: of two that end together, each would remove what the other has
// brought. Busy after a stop; nothing where there can be no lock.
std::optional<FileLock> wait_for_turn(const WeightLoaderConfig& config,
                                      const std::stop_token& stop) try {
  constexpr std::chrono::milliseconds kPause{5};
  const fs::path folder = object_cache_folder(config);
  make_folders(folder);
  for (;;) {
    FileLock lock = FileLock::exclusive(folder / "limit.lock");
    if (lock.state() != FileLock::State::kBusy || stop.stop_requested()) return lock;
    std::this_thread::sleep_for(kPause);
  }
} catch (const Error&) {
  return std::nullopt;
}

bool may_prune(const std::optional<FileLock>& turn) {
  return !turn || turn->state() != FileLock::State::kBusy;
}

bool goes_into(const Download& d, const fs::path& folder) {
  const fs::path inside = d.path.lexically_relative(folder);
  return !inside.empty() && *inside.begin() != "..";
}

// A cache that has no folder or lets nobody look holds nothing, unless the download goes there.
template <class Cache>
void add_cache(const Download& d, FunctionRef<fs::path()> find_folder, WeightCaches& caches) try {
  fs::path folder = find_folder();
  if (!goes_into(d, folder)) check_listable(folder);
  caches.push_back(std::make_unique<Cache>(std::move(folder)));
} catch (const Error&) {
}

// Leaves others at most so many bytes, as far as they can be removed.
void prune_others(const Download& d, const WeightCaches& caches, int64_t max_bytes) {
  std::vector<CacheEntry> others = list(caches);
  std::erase_if(others, [&](const CacheEntry& entry) {
    return entry.file.path == d.path || entry.file.path == d.path.string() + kPartialSuffix;
  });
  try {
    prune(std::move(others), max_bytes);
  } catch (const Error&) {  // another user's stay, as those in use do
  }
}

}  // namespace

int64_t download_within_limit(const Download& d, const WeightLoaderConfig& config,
                              const std::optional<std::string>& hub_folder,
                              const std::stop_token& stop, const LoadProgress& progress) {
  if (!config.max_cache_size || file_exists(d.path, d.content.size)) {
    return download(d, stop, progress);
  }
  check_fits(d, *config.max_cache_size);
  WeightCaches caches;
  add_cache<HubCache>(
      d, [&] { return hub_folder ? expand_home(*hub_folder) : hub_cache_folder(config); }, caches);
  add_cache<ObjectCache>(
      d, [&] { return object_cache_folder(config); }, caches);
  const int64_t room = *config.max_cache_size - d.content.size;
  {
    const auto turn = wait_for_turn(config, stop);
    if (may_prune(turn)) prune_others(d, caches, room);
  }
  const int64_t fetched = download(d, stop, progress);
  try {
    const auto turn = wait_for_turn(config, stop);
    // Unless it has gone again, for another that came at the same time.
    if (may_prune(turn) && file_exists(d.path)) prune_others(d, caches, room);
  } catch (const Error&) {  // the next download makes the room
  }
  return fetched;
}

}  // namespace ferrum
