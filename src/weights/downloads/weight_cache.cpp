#include "ferrum/weights/weight_cache.h"

#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/hub_cache.h"
#include "weights/downloads/object_cache.h"

namespace ferrum {

void to_json(Json& json, const CachedFile& f) {
  json = {{"source", f.source},    {"location", f.location},     {"name", f.name},
          {"path", f.path},        {"size_bytes", f.size_bytes}, {"last_used", f.last_used},
          {"complete", f.complete}};
}

std::vector<std::unique_ptr<WeightCache>> open_weight_caches(const WeightLoaderConfig& config) {
  std::vector<std::unique_ptr<WeightCache>> caches;
  caches.push_back(std::make_unique<HubCache>(hub_cache_folder(config)));
  caches.push_back(std::make_unique<ObjectCache>(object_cache_folder(config)));
  return caches;
}

std::vector<CachedFile> prune(WeightCache& cache, int64_t max_bytes) {
  std::vector<CachedFile> files = cache.list(), removed;
  int64_t bytes = 0;
  for (const CachedFile& file : files) bytes += file.size_bytes;
  for (CachedFile& file : files) {
    if (bytes <= max_bytes) break;
    if (!cache.remove(file)) continue;
    bytes -= file.size_bytes;
    removed.push_back(std::move(file));
  }
  return removed;
}

void make_room(WeightCache& cache, std::optional<int64_t> max_bytes, int64_t file_bytes,
               const std::string& file_name) {
  if (!max_bytes) return;
  if (file_bytes > *max_bytes) {
    throw Error(ErrorCode::kResourceExhausted,
                file_name + " has " + format_bytes(file_bytes) + ", the cache may hold " +
                    format_bytes(*max_bytes),
                "raise max_cache_size, or read without caching");
  }
  prune(cache, *max_bytes - file_bytes);
}

}  // namespace ferrum
