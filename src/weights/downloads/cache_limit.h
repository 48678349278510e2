#pragma once
// max_cache_size: downloads that leave the caches no larger than they may be.

#include <optional>
#include <stop_token>
#include <string>

#include "ferrum/weights/weight_loader_config.h"
#include "weights/downloads/download.h"

namespace ferrum {

// download(), after making room in all caches of the config, and before making it once more: others
// download meanwhile. The file itself stays, and what of it is there already. `hub_folder`: of a
// source that names a cache of the Hub, in place of the config's. Files that cannot be removed
// stay. Throws as download(), kResourceExhausted for a file larger than all that may be kept, and
// kIo where the cache that it goes into cannot be listed.
int64_t download_within_limit(const Download& download, const WeightLoaderConfig& config,
                              const std::optional<std::string>& hub_folder,
                              const std::stop_token& stop, const LoadProgress& progress);

}  // namespace ferrum
