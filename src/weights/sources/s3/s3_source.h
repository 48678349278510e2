#pragma once
// What the functions of the part share: buckets that are known, and connections to them.
//
// Thread-safe.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"
#include "ferrum/weights/weight_source.h"
#include "weights/http/remote_config.h"
#include "weights/http/remote_object.h"
#include "weights/sources/s3/s3_bucket.h"
#include "weights/sources/s3/s3_location.h"
#include "weights/sources/s3/s3_objects.h"

namespace ferrum {

class S3Source {
 public:
  // Each throws as S3Bucket and RemoteObject do; kInvalidArgument for a location of another kind.
  std::unique_ptr<ByteSource> open(const WeightSource& source, const WeightLoaderConfig& config);
  std::string stamp(const WeightSource& source, const WeightLoaderConfig& config);
  // Into the cache, compared with the checksum that the server keeps of it where there is one.
  // Gives back how many bytes came.
  int64_t fetch(const WeightSource& source, const WeightLoaderConfig& config,
                const std::stop_token& stop, const LoadProgress& progress);
  // kNotFound for a folder without objects.
  std::unique_ptr<ModelFiles> open_model(const std::string& url, const WeightLoaderConfig& config);

  // That of earlier calls, so that its credentials and region are asked for once.
  std::shared_ptr<S3Bucket> bucket(const S3Location& location, const WeightLoaderConfig& config);

 private:
  // What is known of an object, at most a moment old when it is used: the loader wants a stamp for
  // every tensor, and opens what it has just got a stamp of.
  struct Known {
    S3ObjectState state;
    std::string identity;
    std::chrono::steady_clock::time_point time;
  };
  Known ask(const S3Location& location, const WeightLoaderConfig& config);
  Known recall(const S3Location& location, const WeightLoaderConfig& config);

  std::unique_ptr<ByteSource> find_cached(const S3Location& location,
                                          const WeightLoaderConfig& config);
  std::unique_ptr<RemoteObject> open_remote(const S3Location& location,
                                            const WeightLoaderConfig& config,
                                            std::stop_token stop = {});

  HttpClient client_;  // of all that is no range of an object
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<S3Bucket>> buckets_;  // by all that decides who asks
  TransferPools pools_;
  std::map<std::string, Known> known_;                        // by location
};

// A source of kind "s3".
WeightSource to_weight_source(const S3Location& location);
WeightSource s3_sibling(const WeightSource& source, std::string_view name);

}  // namespace ferrum
