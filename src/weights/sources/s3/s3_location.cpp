#include "weights/sources/s3/s3_location.h"

#include <algorithm>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr std::string_view kPrefix = "s3://";

void read_credentials(JsonReader& reader, S3Location& location) {
  AwsCredentials credentials;
  const bool has_id = reader.read("access_key_id", credentials.access_key_id);
  const bool has_secret = reader.read("secret_access_key", credentials.secret_access_key);
  const bool has_token = reader.read("session_token", credentials.session_token);
  if (has_id && has_secret) {
    location.credentials = std::move(credentials);
  } else if (has_id || has_secret || has_token) {
    throw Error(ErrorCode::kInvalidArgument,
                "an S3 location with only a part of the credentials",
                "give access_key_id and secret_access_key, or neither");
  }
}

}  // namespace

std::string S3Location::to_string() const { return std::string(kPrefix) + bucket + "/" + key; }

S3Location parse_s3_location(const Json& json) {
  S3Location location;
  JsonReader reader(json, "S3 source");
  reader.require("bucket", location.bucket);
  reader.require("key", location.key);
  if (std::string text; reader.read("region", text)) location.settings.region = text;
  if (std::string text; reader.read("endpoint", text)) location.settings.endpoint = text;
  if (bool flag; reader.read("path_style", flag)) location.settings.path_style = flag;
  if (std::string text; reader.read("profile", text)) location.profile = text;
  reader.read("anonymous", location.anonymous);
  read_credentials(reader, location);
  reader.finish();
  check_bucket(location.bucket);
  check_key(location.key);
  if (location.anonymous && (location.credentials || location.profile)) {
    throw Error(ErrorCode::kInvalidArgument,
                "an S3 location that is anonymous and names credentials", "leave one of them out");
  }
  return location;
}

Json to_json(const S3Location& location) {
  Json json = {{"bucket", location.bucket}, {"key", location.key}};
  if (location.settings.region) json["region"] = *location.settings.region;
  if (location.settings.endpoint) json["endpoint"] = *location.settings.endpoint;
  if (location.settings.path_style) json["path_style"] = *location.settings.path_style;
  if (location.anonymous) json["anonymous"] = true;
  if (location.profile) json["profile"] = *location.profile;
  if (location.credentials) {
    json["access_key_id"] = location.credentials->access_key_id;
    json["secret_access_key"] = location.credentials->secret_access_key;
    const std::string& token = location.credentials->session_token;
    if (!token.empty()) json["session_token"] = token;
  }
  return json;
}

S3Location parse_s3_url(const std::string& url) {
  if (!url.starts_with(kPrefix)) {
    throw Error(ErrorCode::kInvalidArgument, "not an S3 location", "write s3://bucket/key");
  }
  const std::string rest = url.substr(kPrefix.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  S3Location location;
  location.bucket = rest.substr(0, slash);
  if (slash < rest.size()) location.key = rest.substr(slash + 1);
  check_bucket(location.bucket);
  return location;
}

}  // namespace ferrum
