#include "weights/downloads/cache_limit.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
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
// brought. Nothing where there can be no lock.
std::optional<FileLock> wait_for_turn(const fs::path& folder, const std::stop_token& stop) try {
  constexpr std::chrono::milliseconds kPause{5};
  make_folders(folder);
  for (;;) {
    FileLock lock = FileLock::exclusive(folder / "limit.lock");
    if (lock.state() != FileLock::State::kBusy || stop.stop_requested()) return lock;
    std::this_thread::sleep_for(kPause);
  }
} catch (const Error&) {
  return std::nullopt;
}

// Leaves others at most so many bytes.
void prune_others(const Download& d, const WeightCaches& caches, int64_t max_bytes) {
  std::vector<CacheEntry> others = list(caches);
  std::erase_if(others, [&](const CacheEntry& entry) {
    return entry.file.path == d.path || entry.file.path == d.path.string() + kPartialSuffix;
  });
  prune(std::move(others), max_bytes);
}

}  // namespace

int64_t download_within_limit(const Download& d, const WeightLoaderConfig& config,
                              const std::optional<std::string>& hub_folder,
                              const std::stop_token& stop, const LoadProgress& progress) {
  if (!config.max_cache_size || file_exists(d.path, d.content.size)) {
    return download(d, stop, progress);
  }
  check_fits(d, *config.max_cache_size);
  const fs::path own = object_cache_folder(config);
  WeightCaches caches;
  caches.push_back(
      std::make_unique<HubCache>(hub_folder ? expand_home(*hub_folder) : hub_cache_folder(config)));
  caches.push_back(std::make_unique<ObjectCache>(own));
  const int64_t room = *config.max_cache_size - d.content.size;
  {
    const auto turn = wait_for_turn(own, stop);
    prune_others(d, caches, room);
  }
  const int64_t fetched = download(d, stop, progress);
  const auto turn = wait_for_turn(own, stop);
  // Unless it has gone again, for another that came at the same time.
  if (file_exists(d.path)) prune_others(d, caches, room);
  return fetched;
}

}  // namespace ferrum
