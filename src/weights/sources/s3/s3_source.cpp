#include "weights/sources/s3/s3_source.h"

#include "ferrum/types/error.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/object_cache.h"
#include "weights/http/remote_config.h"
#include "weights/sources/s3/s3_checksum.h"
#include "weights/sources/s3/s3_model_files.h"
#include "weights/sources/s3/s3_target.h"

namespace ferrum {
namespace {

constexpr std::chrono::seconds kMoment{1};
constexpr size_t kMaxKnown = 1024;

std::string identity_of(const S3Location& location, const WeightLoaderConfig& config) {
  Json json = to_json(location);
  json.erase("key");
  json["headers"] = config.default_headers;
  json["timeout"] = config.download_timeout_seconds;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

CachedObject cached_object(const S3Location& location, const std::string& identity,
                           const S3ObjectState& state) {
  return {.source = "s3",
          .identity = identity,
          .validator = state.etag,
          .location = location.to_string(),
          .size_bytes = state.size,
          .sha256 = {}};
}

size_t digits_of(const std::string& algorithm) {
  return algorithm == "sha256" ? 64 : algorithm == "crc64nvme" ? 16 : 8;
}

void expect(const S3Checksum& checksum, CachedObject& object) {
  const auto hex = base64_to_hex(checksum.value);
  auto crc = Crc::find(checksum.algorithm);
  if (!hex || hex->size() != digits_of(checksum.algorithm)) {
    throw Error(ErrorCode::kInvalidFormat,
                object.location + " has a " + checksum.algorithm + " checksum that is none",
                "switch integrity checks off to take it without");
  }
  if (crc)
    object.crc = ExpectedCrc{*std::move(crc), std::stoull(*hex, nullptr, 16)};
  else
    object.sha256 = *hex;
}

}  // namespace

std::shared_ptr<S3Bucket> S3Source::bucket(const S3Location& location,
                                           const WeightLoaderConfig& config) {
  // Under the lock, so that those who come at once do not each ask for credentials.
  const std::lock_guard lock(mutex_);
  std::shared_ptr<S3Bucket>& bucket = buckets_[identity_of(location, config)];
  if (!bucket) {
    bucket = std::make_shared<S3Bucket>(location, process_environment(client_),
                                        config_headers(config), remote_options(config).limits);
  }
  return bucket;
}

std::unique_ptr<RemoteObject> S3Source::open_remote(const S3Location& location,
                                                    const WeightLoaderConfig& config,
                                                    std::stop_token stop) {
  return std::make_unique<RemoteObject>(
      pools_.get(config), create_s3_target(bucket(location, config), location.key),
      remote_options(config), stop);
}

S3Source::Known S3Source::ask(const S3Location& location, const WeightLoaderConfig& config) {
  const auto bucket = this->bucket(location, config);
  Known known;
  known.state = head_object(*bucket, location.key);
  known.identity = bucket->identity_of(location.key);
  known.time = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_[to_json(location).dump()] = known;
  return known;
}

S3Source::Known S3Source::recall(const S3Location& location, const WeightLoaderConfig& config) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = known_.find(to_json(location).dump());
    const auto now = std::chrono::steady_clock::now();
    if (it != known_.end() && now - it->second.time < kMoment) return it->second;
  }
  return ask(location, config);
}

std::unique_ptr<ByteSource> S3Source::open(const WeightSource& source,
                                           const WeightLoaderConfig& config) {
  const S3Location location = parse_s3_location(source.location);
  if (auto cached = find_cached(location, config)) return cached;
  return open_remote(location, config);
}

// The reader of a bucket is not the reader of the cache.
std::string S3Source::stamp(const WeightSource& source, const WeightLoaderConfig& config) {
  const S3Location location = parse_s3_location(source.location);
  const bool is_cached = find_cached(location, config) != nullptr;
  const Known known = recall(location, config);
  return Json({known.identity, known.state.size, known.state.etag, is_cached}).dump();
}

std::unique_ptr<ByteSource> S3Source::find_cached(const S3Location& location,
                                                  const WeightLoaderConfig& config) {
  if (!config.enable_caching) return nullptr;
  const Known known = recall(location, config);
  return ObjectCache(object_cache_folder(config))
      .find(cached_object(location, known.identity, known.state));
}

int64_t S3Source::fetch(const WeightSource& source, const WeightLoaderConfig& config,
                        const std::stop_token& stop, const LoadProgress& progress) {
  const S3Location location = parse_s3_location(source.location);
  const Known known = ask(location, config);
  CachedObject object = cached_object(location, known.identity, known.state);
  if (config.enable_integrity_checks && known.state.checksum) {
    expect(*known.state.checksum, object);
  }
  const ObjectStream stream = [&](int64_t offset,
                                  FunctionRef<void(std::span<const std::byte>)> sink,
                                  const std::stop_token& stop_stream) {
    const auto remote = open_remote(location, config, stop_stream);
    if (remote->size() != known.state.size || remote->version().etag != known.state.etag) {
      throw Error(ErrorCode::kIo, location.to_string() + " was replaced just now", "try again");
    }
    remote->stream(offset, remote->size() - offset, sink, stop_stream);
  };
  return ObjectCache(object_cache_folder(config)).fetch(object, stream, config, stop, progress);
}

std::unique_ptr<ModelFiles> S3Source::open_model(const std::string& url,
                                                 const WeightLoaderConfig& config) {
  S3Location folder = parse_s3_url(url);
  if (!folder.key.empty() && !folder.key.ends_with('/')) folder.key += '/';
  auto bucket = this->bucket(folder, config);
  std::vector<S3Object> objects = list_folder(*bucket, folder.key);
  if (objects.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no object in the folder " + folder.to_string(),
                "names are exact: case, spaces and slashes count");
  }
  return create_s3_model_files(std::move(bucket), std::move(folder), std::move(objects));
}

WeightSource to_weight_source(const S3Location& location) {
  WeightSource source;
  source.kind = "s3";
  source.location = to_json(location);
  return source;
}

WeightSource s3_sibling(const WeightSource& source, std::string_view name) {
  S3Location location = parse_s3_location(source.location);
  location.key = location.key.substr(0, location.key.rfind('/') + 1) + std::string(name);
  return to_weight_source(location);
}

}  // namespace ferrum
