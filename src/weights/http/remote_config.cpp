#include "weights/http/remote_config.h"

namespace ferrum {

RemoteOptions remote_options(const WeightLoaderConfig& config) {
  RemoteOptions options;
  options.limits.connect_timeout = std::chrono::seconds(config.download_timeout_seconds);
  options.limits.idle_timeout = std::chrono::seconds(config.download_timeout_seconds);
  return options;
}

HttpHeaders config_headers(const WeightLoaderConfig& config,
                           const std::map<std::string, std::string>& headers) {
  HttpHeaders result;
  for (const auto& fields : {config.default_headers, headers}) {
    for (const auto& [name, value] : fields) {
      check_header_field(name, value);
      result.set(name, value);
    }
  }
  return result;
}

std::shared_ptr<TransferPool> TransferPools::get(const WeightLoaderConfig& config) {
  const std::lock_guard lock(mutex_);
  auto& pool = pools_[config.max_concurrent_downloads];
  if (!pool) pool = std::make_shared<TransferPool>(config.max_concurrent_downloads);
  return pool;
}

}  // namespace ferrum
