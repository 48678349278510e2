#pragma once
// What the weight loader's config means for sources on servers.

#include <map>
#include <memory>
#include <mutex>

#include "ferrum/weights/weight_loader_config.h"
#include "weights/http/remote_object.h"
#include "weights/http/transfer_pool.h"

namespace ferrum {

RemoteOptions remote_options(const WeightLoaderConfig& config);

// default_headers, and over them `headers` where both name one. Throws kInvalidArgument for a field
// that HTTP does not allow.
HttpHeaders config_headers(const WeightLoaderConfig& config,
                           const std::map<std::string, std::string>& headers = {});

// The pools of one source part: one for each number of connections, so that all objects of one
// config share theirs. Thread-safe.
class TransferPools {
 public:
  std::shared_ptr<TransferPool> get(const WeightLoaderConfig& config);

 private:
  std::mutex mutex_;
  std::map<int, std::shared_ptr<TransferPool>> pools_;
};

}  // namespace ferrum
