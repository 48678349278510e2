#pragma once
// Our own cache: objects of URLs and buckets.
//
//   <folder>/<source>/<which object>/<which version>       the bytes, complete and verified
//   <folder>/<source>/<which object>/<which version>.json  what they are; its time: the last use
//   <folder>/<source>/<which object>/<which version>.lock  held by who makes or removes them
//
// Both names are hashes, since what they stand for may be secret.

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/weight_cache.h"
#include "weights/downloads/download.h"

namespace ferrum {

struct CachedObject {
  std::string source;  // "url", "s3"
  // All that decides which bytes come: the whole URL, headers that matter. Only its hash is stored.
  std::string identity;
  std::string validator;  // an ETag, or what else differs for other bytes; never empty
  std::string location;   // for people, without secrets
  int64_t size_bytes = 0;
  std::string sha256;  // in hexadecimal digits; empty: the server names none
  std::optional<ExpectedCrc> crc = {};  // nothing: the server names none
};

class ObjectCache : public WeightCache {
 public:
  explicit ObjectCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // The mapped file, which nobody removes while it or a view of it lives; null where it is missing.
  std::unique_ptr<ByteSource> find(const CachedObject& object) const;

  // Brings the object here from what `stream` gives, once for all processes, within the config's
  // max_cache_size. Versions that it replaces go. Gives back and throws what
  // download_within_limit() does.
  int64_t fetch(const CachedObject& object, const ObjectStream& stream,
                const WeightLoaderConfig& config, const std::stop_token& stop,
                const LoadProgress& progress);

  std::string folder() const override { return folder_.string(); }
  std::vector<CachedFile> list() const override;
  bool remove(const CachedFile& file) override;
  bool is_free(const CachedFile& file) const override;
  void verify(const CachedFile& file, const std::stop_token& stop,
              const LoadProgress& progress) const override;

 private:
  std::filesystem::path path_of(const CachedObject& object) const;
  void remove_other_versions(const std::filesystem::path& path);

  std::filesystem::path folder_;
};

}  // namespace ferrum
