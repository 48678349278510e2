#include "ferrum/weights/weight_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ferrum/types/error.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/hub_cache.h"
#include "weights/downloads/object_cache.h"

namespace ferrum {
namespace {

void remove_one(CacheEntry entry, bool dry_run, Pruned& pruned) {
  const bool gone = dry_run ? entry.cache->is_free(entry.file) : entry.cache->remove(entry.file);
  (gone ? pruned.removed : pruned.in_use).push_back(std::move(entry));
}

}  // namespace

void to_json(Json& json, const CachedFile& f) {
  json = {{"source", f.source},     {"location", f.location},     {"name", f.name},
          {"path", f.path},         {"size_bytes", f.size_bytes}, {"last_used", f.last_used},
          {"complete", f.complete}, {"foreign", f.foreign}};
}

WeightCaches open_weight_caches(const WeightLoaderConfig& config) {
  WeightCaches caches;
  caches.push_back(std::make_unique<HubCache>(hub_cache_folder(config)));
  caches.push_back(std::make_unique<ObjectCache>(object_cache_folder(config)));
  return caches;
}

std::vector<CacheEntry> list(const WeightCaches& caches) {
  std::vector<CacheEntry> entries;
  for (const auto& cache : caches) {
    for (CachedFile& file : cache->list()) entries.push_back({cache.get(), std::move(file)});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) {
    return a.file.last_used < b.file.last_used;
  });
  return entries;
}

Pruned prune(std::vector<CacheEntry> entries, int64_t max_bytes, bool dry_run) {
  std::erase_if(entries, [](const CacheEntry& entry) { return entry.file.foreign; });
  int64_t bytes = 0;
  for (const CacheEntry& entry : entries) bytes += entry.file.size_bytes;
  Pruned pruned;
  std::optional<Error> failure;
  for (CacheEntry& entry : entries) {
    if (bytes <= max_bytes) break;
    const int64_t file_bytes = entry.file.size_bytes;
    const size_t removed = pruned.removed.size();
    try {
      remove_one(std::move(entry), dry_run, pruned);
    } catch (const Error& error) {
      if (!failure) failure = error;
    }
    if (pruned.removed.size() > removed) bytes -= file_bytes;
  }
  if (failure) throw *failure;
  return pruned;
}

Pruned remove(std::vector<CacheEntry> entries, bool dry_run) {
  Pruned pruned;
  for (CacheEntry& entry : entries) remove_one(std::move(entry), dry_run, pruned);
  return pruned;
}

}  // namespace ferrum
