#pragma once
// What was downloaded and kept on this machine.
//
// There are two caches: that of the Hugging Face Hub, in the layout that other tools read and write
// too, and our own of URLs, buckets and packed weights. Files are whole and verified; other
// processes may use and change both at any time. Thread-safe.
//
// A limit is one for both together. It neither counts nor removes what other tools downloaded: they
// lock nothing while they read, and nobody knows when they last did.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/types/json.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"

namespace ferrum {

struct CachedFile {
  std::string source;    // "huggingface", "url", "s3", "packed"
  std::string location;  // "hf:org/name", "https://host/path", without secrets
  std::string name;      // of the file in the model
  std::string path;      // where the bytes lie
  int64_t size_bytes = 0;
  int64_t last_used = 0;  // seconds since 1970
  bool complete = true;   // false: a download that has not ended
  bool foreign = false;   // another tool downloaded it
};
void to_json(Json& json, const CachedFile& file);

class WeightCache {
 public:
  virtual ~WeightCache() = default;

  virtual std::string folder() const = 0;
  // The least recently used first. A folder that is not there is empty.
  virtual std::vector<CachedFile> list() const = 0;
  // Removes a file and what points to it; false for one that is being read or made now.
  virtual bool remove(const CachedFile& file) = 0;
  // Whether remove() would now.
  virtual bool is_free(const CachedFile& file) const = 0;
  // Reads a complete file. Throws kInvalidFormat where its hash is not the one it came with, kIo.
  virtual void verify(const CachedFile& file, const std::stop_token& stop,
                      const LoadProgress& progress) const = 0;
};

using WeightCaches = std::vector<std::unique_ptr<WeightCache>>;

// Those that loads with this config use.
WeightCaches open_weight_caches(const WeightLoaderConfig& config);

// A file and the cache that it lies in.
struct CacheEntry {
  WeightCache* cache;
  CachedFile file;
};
// Of all caches, the least recently used first.
std::vector<CacheEntry> list(const WeightCaches& caches);

struct Pruned {
  std::vector<CacheEntry> removed, in_use;
};
// Removes entries, the first ones first, until those that stay have at most `max_bytes`: files in
// use stay, and the next ones go in their place; foreign ones are passed over. `dry_run`: says it
// only. Files that cannot be removed (another user's) stay likewise; then the first error is thrown
// at the end.
Pruned prune(std::vector<CacheEntry> entries, int64_t max_bytes, bool dry_run = false);
// Removes all, foreign ones too, but those in use.
Pruned remove(std::vector<CacheEntry> entries, bool dry_run = false);

}  // namespace ferrum
