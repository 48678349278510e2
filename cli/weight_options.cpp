#include "cli/weight_options.h"

#include "cli/command.h"
#include "cli/validators.h"

namespace ferrum::cli {

void add_weight_options(CLI::App& command, WeightOptions& o) {
  const auto group = "Models that are not on this machine";
  command
      .add_option("--cache-dir", o.cache_dir,
                  "Keep downloads here (default: $FERRUM_CACHE, HF_HOME for hf:, or the user's "
                  "cache folder)")
      ->check(not_empty())
      ->group(group);
  command
      .add_option("--max-cache-size", o.max_cache_size,
                  "Of ferrum's downloads together, such as 50GB: a new one removes those used "
                  "longest ago, unless they are in use")
      ->transform(size_in_bytes())
      ->type_name("SIZE")
      ->group(group);
  command.add_flag("--no-cache", o.no_cache, "Read over the network and keep nothing")
      ->group(group);
  command.add_flag("--no-verify", o.no_verify, "Do not compare downloads with their hashes")
      ->group(group);
  command.add_option("--connections", o.connections, "To one server at once")
      ->check(integer_in(1, 256))
      ->capture_default_str()
      ->group(group);
  command.add_option("--timeout", o.timeout, "Seconds without a byte after which a read is retried")
      ->check(integer_in(1, 86400))
      ->capture_default_str()
      ->group(group);
  command.add_option("--header", o.headers, "Send this with every request: 'Name: value'")
      ->group(group);
}

WeightLoaderConfig to_loader_config(const WeightOptions& o) {
  WeightLoaderConfig config;
  if (!o.cache_dir.empty()) config.cache_dir = o.cache_dir;
  config.max_cache_size = o.max_cache_size;
  config.enable_caching = !o.no_cache;
  config.enable_integrity_checks = !o.no_verify;
  config.max_concurrent_downloads = o.connections;
  config.download_timeout_seconds = o.timeout;
  for (const std::string& header : o.headers) {
    const size_t colon = header.find(':');
    const size_t value = header.find_first_not_of(' ', colon == header.npos ? colon : colon + 1);
    if (colon == 0 || value == header.npos || header.find_first_of("\r\n") != header.npos) {
      // Not shown: it may be a secret.
      throw UsageError("a --header is not 'Name: value'", "Write for example 'X-Team: research'.");
    }
    config.default_headers[header.substr(0, colon)] = header.substr(value);
  }
  return config;
}

}  // namespace ferrum::cli
