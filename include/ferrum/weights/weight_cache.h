#pragma once
// What was downloaded and kept on this machine.
//
// There are two caches: that of the Hugging Face Hub, in the layout that other tools read and write
// too, and our own of URLs and buckets. Files are whole and verified; other processes may use and
// change both at any time. Thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/types/json.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"

namespace ferrum {

struct CachedFile {
  std::string source;    // "huggingface", "url", "s3"
  std::string location;  // "hf:org/name", "https://host/path", without secrets
  std::string name;      // of the file in the model
  std::string path;      // where the bytes lie
  int64_t size_bytes = 0;
  int64_t last_used = 0;  // seconds since 1970
  bool complete = true;   // false: a download that has not ended
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
  // Reads a complete file. Throws kInvalidFormat where its hash is not the one it came with, kIo.
  virtual void verify(const CachedFile& file, const std::stop_token& stop,
                      const LoadProgress& progress) const = 0;
};

// The caches that loads with this config use.
std::vector<std::unique_ptr<WeightCache>> open_weight_caches(const WeightLoaderConfig& config);

// Removes files, the least recently used first, until those that stay have at most `max_bytes`;
// files in use stay. Gives back what was removed.
std::vector<CachedFile> prune(WeightCache& cache, int64_t max_bytes);

// Makes room for a file. Throws kResourceExhausted where it is larger than all that may be kept.
// Nothing to do without a limit.
void make_room(WeightCache& cache, std::optional<int64_t> max_bytes, int64_t file_bytes,
               const std::string& file_name);

}  // namespace ferrum
