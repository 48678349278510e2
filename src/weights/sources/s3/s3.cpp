// Objects in buckets of S3 and of what speaks like it (MinIO, R2, Ceph).

#include "ferrum/types/error.h"
#include "ferrum/weights/source_part.h"
#include "weights/sources/s3/s3_source.h"

namespace ferrum {
namespace {

WeightSource parse(const std::string& url) {
  const S3Location location = parse_s3_url(url);
  if (location.key.empty() || location.key.ends_with('/')) {
    throw Error(ErrorCode::kInvalidArgument, url + " names a folder, not a file",
                "write s3://bucket/key");
  }
  check_key(location.key);
  return to_weight_source(location);
}

}  // namespace

void register_s3(SourceCatalog& catalog) {
  const auto shared = std::make_shared<S3Source>();
  SourcePart part;
  part.description = "an object in a bucket of S3 or of a server that speaks like it";
  part.open = [shared](const WeightSource& source, const WeightLoaderConfig& config) {
    return shared->open(source, config);
  };
  part.stamp = [shared](const WeightSource& source, const WeightLoaderConfig& config) {
    return shared->stamp(source, config);
  };
  part.fetch = [shared](const WeightSource& source, const WeightLoaderConfig& config,
                        std::stop_token stop, const LoadProgress& progress) {
    return shared->fetch(source, config, stop, progress);
  };
  part.sibling = s3_sibling;
  part.prefixes = {"s3://"};
  part.parse = parse;
  part.open_model = [shared](const std::string& url, const WeightLoaderConfig& config) {
    return shared->open_model(url, config);
  };
  catalog.add("s3", std::move(part));
}

}  // namespace ferrum
