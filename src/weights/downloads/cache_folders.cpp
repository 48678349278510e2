#include "weights/downloads/cache_folders.h"

#include <cstdlib>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

fs::path home() {
  const std::string folder = environment("HOME");
  if (!folder.empty()) return folder;
  throw Error(ErrorCode::kNotFound, "there is no place for the cache: HOME is not set",
              "set FERRUM_CACHE and HF_HOME to folders, or cache_dir in the config");
}

fs::path user_cache_folder() {
  const std::string folder = environment("XDG_CACHE_HOME");
  return folder.empty() ? home() / ".cache" : fs::path(folder);
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path expand_home(const std::string& path) {
  return path.starts_with("~/") ? home() / path.substr(2) : fs::path(path);
}

fs::path ferrum_cache_folder(const WeightLoaderConfig& config) {
  if (config.cache_dir) return expand_home(*config.cache_dir);
  const std::string folder = environment("FERRUM_CACHE");
  return folder.empty() ? user_cache_folder() / "ferrum" : expand_home(folder);
}

fs::path object_cache_folder(const WeightLoaderConfig& config) {
  return ferrum_cache_folder(config) / "objects";
}

fs::path hub_home() {
  const std::string folder = environment("HF_HOME");
  return folder.empty() ? user_cache_folder() / "huggingface" : expand_home(folder);
}

fs::path hub_cache_folder(const WeightLoaderConfig& config) {
  if (config.cache_dir) return expand_home(*config.cache_dir) / "hub";
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    const std::string folder = environment(name);
    if (!folder.empty()) return expand_home(folder);
  }
  return hub_home() / "hub";
}

}  // namespace ferrum
