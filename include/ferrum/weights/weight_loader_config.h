#pragma once
// What a caller chooses when it creates a weight loader. Seed name: WeightLoaderConfig.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ferrum/types/json.h"

namespace ferrum {

struct WeightLoaderConfig {
  // Tensors worked on at once, and pieces that preload reads; 0: one per CPU, at most 8, and 8.
  int max_concurrent_loads = 0;

  // Of sources that are not on this machine. With caching, preload downloads whole files, and loads
  // use what is there; without, every load reads its ranges anew.
  bool enable_caching = true;
  // Absent: $FERRUM_CACHE, or ferrum in the user's cache folder.
  std::optional<std::string> cache_dir = {};
  // Bytes that all caches together keep of what was downloaded or packed by us: each download makes
  // room, and the least recently used files go first. What is in use stays. What other tools
  // downloaded into the Hub's cache counts for nothing and stays.
  std::optional<int64_t> max_cache_size = {};
  int max_concurrent_downloads = 16;  // connections of one file at once
  int download_timeout_seconds = 30;  // without a byte, and to connect
  // What is fetched whole is compared with the hash that its server names. Reads by range, which no
  // hash is for, are held to one version by its validator.
  bool enable_integrity_checks = true;
  std::map<std::string, std::string> default_headers = {};  // of every request over HTTP

  bool operator==(const WeightLoaderConfig&) const = default;
};
void to_json(Json& json, const WeightLoaderConfig& config);
void from_json(const Json& json, WeightLoaderConfig& config);  // unknown keys are refused

// Throws kInvalidArgument for a value out of range.
void check_config(const WeightLoaderConfig& config);

}  // namespace ferrum
