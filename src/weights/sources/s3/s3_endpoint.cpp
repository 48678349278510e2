#include "weights/sources/s3/s3_endpoint.h"

#include <algorithm>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"
#include "weights/http/url.h"
#include "weights/sources/s3/aws_signature.h"

namespace ferrum {
namespace {

constexpr size_t kMaxBucketBytes = 255;  // of the oldest buckets; 63 today
constexpr size_t kMaxKeyBytes = 1024;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_host_label(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && bucket.front() != '-' &&
         bucket.back() != '-' &&
         std::all_of(bucket.begin(), bucket.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

void check_region(const std::string& region) {
  if (is_aws_region(region)) return;
  throw Error(ErrorCode::kInvalidArgument, "'" + region.substr(0, 80) + "' is no AWS region",
              "regions look like us-east-1");
}

void set_url(S3Endpoint& endpoint, const std::string& url) {
  check_http_url(url);
  const size_t scheme_end = url.find("://");
  endpoint.scheme = url.substr(0, scheme_end);
  std::string rest = url.substr(scheme_end + 3);
  if (rest.find_first_of("@?#") != rest.npos) {
    throw Error(ErrorCode::kInvalidArgument,
                "the S3 endpoint " + redact_url(url) + " has a user, a query or a fragment",
                "an endpoint is http(s)://host[:port][/path]");
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  endpoint.host = rest.substr(0, slash);
  endpoint.base_path = rest.substr(slash);
  while (endpoint.base_path.ends_with('/')) endpoint.base_path.pop_back();
  for (std::string* text : {&endpoint.scheme, &endpoint.host}) {
    for (char& c : *text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
  }
  const std::string own_port = endpoint.scheme == "https" ? ":443" : ":80";
  if (endpoint.host.ends_with(own_port)) {
    endpoint.host.resize(endpoint.host.size() - own_port.size());
  }
}

std::optional<std::string> find_endpoint_url(const S3Settings& settings,
                                             const AwsEnvironment& environment,
                                             const AwsProfile* profile) {
  if (settings.endpoint) return settings.endpoint;
  if (environment.is_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return std::nullopt;
  for (const char* variable : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    if (auto url = environment.variable(variable)) return url;
  }
  if (!profile) return std::nullopt;
  for (const char* key : {"services.s3.endpoint_url", "endpoint_url"}) {
    if (const std::string* url = profile->find(key)) return *url;
  }
  return std::nullopt;
}

std::optional<bool> find_path_style(const S3Settings& settings, const AwsProfile* profile) {
  if (settings.path_style) return settings.path_style;
  const std::string* style = profile ? profile->find("s3.addressing_style") : nullptr;
  if (!style || *style == "auto") return std::nullopt;
  return *style == "path";
}

}  // namespace

bool is_aws_region(std::string_view region) {
  return !region.empty() && region.size() <= 64 &&
         std::all_of(region.begin(), region.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

std::string aws_domain(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

std::string resolve_aws_region(const std::optional<std::string>& argument,
                               const AwsEnvironment& environment, const AwsProfile* profile) {
  std::optional<std::string> region = argument;
  if (!region) region = environment.variable("AWS_REGION");
  if (!region) region = environment.variable("AWS_DEFAULT_REGION");
  const std::string* of_profile = profile ? profile->find("region") : nullptr;
  if (!region && of_profile) region = *of_profile;
  if (!region) region = "us-east-1";
  check_region(*region);
  return *region;
}

S3Endpoint resolve_s3_endpoint(const S3Settings& settings, const AwsEnvironment& environment,
                               const AwsProfile* profile, std::string_view bucket) {
  S3Endpoint endpoint;
  endpoint.region = resolve_aws_region(settings.region, environment, profile);
  const auto url = find_endpoint_url(settings, environment, profile);
  endpoint.is_custom = url.has_value();
  endpoint.path_style =
      !is_host_label(bucket) || find_path_style(settings, profile).value_or(endpoint.is_custom);
  if (!url) return in_region(endpoint, endpoint.region);
  set_url(endpoint, *url);
  return endpoint;
}

S3Endpoint in_region(const S3Endpoint& endpoint, const std::string& region) {
  check_region(region);
  S3Endpoint moved = endpoint;
  moved.region = region;
  if (!moved.is_custom) {
    moved.scheme = "https";
    moved.host = "s3." + region + "." + aws_domain(region);
  }
  return moved;
}

S3Address address_of(const S3Endpoint& endpoint, std::string_view bucket, std::string_view key) {
  const std::string bucket_text(bucket);
  const std::string path = "/" + encode_aws_path(key);
  if (!endpoint.path_style) {
    return {bucket_text + "." + endpoint.host, endpoint.base_path + path};
  }
  return {endpoint.host, endpoint.base_path + "/" + bucket_text + path};
}

void check_bucket(std::string_view bucket) {
  const std::string text(bucket.substr(0, 80));
  if (bucket.starts_with("arn:") || bucket.ends_with("--x-s3")) {
    throw Error(ErrorCode::kUnsupported,
                "'" + text + "' is an access point or a directory bucket, which are not read here",
                "name the bucket behind it, or copy the files to a general purpose bucket");
  }
  const bool is_valid = !bucket.empty() && bucket.size() <= kMaxBucketBytes && bucket != "." &&
                        bucket != ".." && std::all_of(bucket.begin(), bucket.end(), [](char c) {
                          return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' ||
                                 c == '-' || c == '_';
                        });
  if (is_valid) return;
  if (bucket.find_first_of(":@") != bucket.npos) {  // meant as credentials, which no error shows
    throw Error(ErrorCode::kInvalidArgument, "what stands before the slash is no S3 bucket",
                "write s3://bucket/key; credentials come from the environment or a profile");
  }
  throw Error(ErrorCode::kInvalidArgument, "'" + text + "' is no name of an S3 bucket",
              "write s3://bucket/key");
}

void check_key(std::string_view key) {
  if (find_invalid_utf8(key)) {
    throw Error(ErrorCode::kInvalidArgument, "a key that is not UTF-8, as those of S3 are");
  }
  if (!key.empty() && key.size() <= kMaxKeyBytes) return;
  throw Error(ErrorCode::kInvalidArgument,
              "a key of " + std::to_string(key.size()) + " bytes, between 1 and " +
                  std::to_string(kMaxKeyBytes) + " are possible");
}

}  // namespace ferrum
