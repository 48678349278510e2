#pragma once
// Files of the Hub: from its cache on this machine where they are there, else by ranges.

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"
#include "weights/downloads/hub_folder.h"
#include "weights/http/remote_config.h"
#include "weights/sources/huggingface/hub_client.h"

namespace ferrum {

// Thread-safe. Errors are those of HubClient, of RemoteObject and of download().
class HubSource {
 public:
  std::unique_ptr<ByteSource> open(const HubLocation& file, const WeightLoaderConfig& config);
  std::string stamp(const HubLocation& file, const WeightLoaderConfig& config);
  // Into the cache, verified. Gives back how many bytes came.
  int64_t fetch(const HubLocation& file, const WeightLoaderConfig& config,
                const std::stop_token& stop, const LoadProgress& progress);

  // The commit that a model is at now and its files; what the cache knows of it where the Hub does
  // not answer or need not be asked.
  HubListing list(const HubLocation& model, const WeightLoaderConfig& config);

 private:
  // A file found: what the Hub says about it, or a commit whose snapshot has it.
  struct Found {
    std::string commit;
    std::optional<HubFile> file;
  };
  Found find(const HubLocation& file, const WeightLoaderConfig& config, const HubFolder& folder,
             HubClient& client, const std::stop_token& stop);
  HubClient client_for(const WeightLoaderConfig& config, bool patient);

  TransferPools pools_;
};

// Borrows nothing: the model keeps `hub`. Throws as HubSource::list.
std::unique_ptr<ModelFiles> open_hub_model(std::shared_ptr<HubSource> hub, HubLocation model,
                                           const WeightLoaderConfig& config);

}  // namespace ferrum
