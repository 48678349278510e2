#pragma once
// The options of every command that may fetch weights from elsewhere.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "ferrum/weights/weight_loader_config.h"

namespace ferrum::cli {

inline constexpr const char* kModelHelp =
    "Folder of a model or GGUF file: a path, hf:org/name[@rev], https://... or s3://bucket/prefix "
    "(default: the built-in demonstration)";

struct WeightOptions {
  std::string cache_dir;                  // empty: the user's
  std::optional<int64_t> max_cache_size;  // bytes
  bool no_cache = false;
  bool no_verify = false;
  int connections = WeightLoaderConfig().max_concurrent_downloads;
  int timeout = WeightLoaderConfig().download_timeout_seconds;
  std::vector<std::string> headers;  // "Name: value"
};

void add_weight_options(CLI::App& command, WeightOptions& options);

// Throws UsageError for a header that is none.
WeightLoaderConfig to_loader_config(const WeightOptions& options);

}  // namespace ferrum::cli
