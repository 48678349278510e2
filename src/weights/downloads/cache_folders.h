#pragma once
// Where the caches lie.

#include <filesystem>
#include <string>

#include "ferrum/weights/weight_loader_config.h"

namespace ferrum {

// A variable of the environment; empty where it is not set.
std::string environment(const char* name);

// "~/x" as a shell reads it; other paths as they are.
std::filesystem::path expand_home(const std::string& path);

// The folder of all that ferrum itself keeps: cache_dir of the config, else $FERRUM_CACHE, else
// ferrum in the user's cache folder ($XDG_CACHE_HOME or ~/.cache). Throws kNotFound where nothing
// says where the user's files are.
std::filesystem::path ferrum_cache_folder(const WeightLoaderConfig& config);

// Of URLs and buckets.
std::filesystem::path object_cache_folder(const WeightLoaderConfig& config);

// $HF_HOME, else huggingface in the user's cache folder.
std::filesystem::path hub_home();
// Of the Hub: hub below cache_dir of the config, else where $HF_HUB_CACHE says, else hub in
// hub_home().
std::filesystem::path hub_cache_folder(const WeightLoaderConfig& config);

}  // namespace ferrum
