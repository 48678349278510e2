#pragma once
// All models in the cache of the Hugging Face Hub.

#include <filesystem>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "ferrum/weights/weight_cache.h"

namespace ferrum {

// Its files are the blobs; one is removed with the links to it, and with what is left empty then.
// What several repositories share (blobs that are links themselves) is left to the tool that shares
// it. A blob is foreign unless its lock says that it was downloaded by us and no other tool has
// taken, and with that removed, the lock since.
class HubCache : public WeightCache {
 public:
  explicit HubCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::string folder() const override { return folder_.string(); }
  std::vector<CachedFile> list() const override;
  bool remove(const CachedFile& file) override;
  bool is_free(const CachedFile& file) const override;
  void verify(const CachedFile& file, const std::stop_token& stop,
              const LoadProgress& progress) const override;

 private:
  std::filesystem::path folder_;
};

}  // namespace ferrum
