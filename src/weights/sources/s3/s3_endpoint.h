#pragma once
// Which host serves a bucket, and how its objects are addressed there.

#include <optional>
#include <string>
#include <string_view>

#include "weights/sources/s3/aws_environment.h"
#include "weights/sources/s3/aws_profile.h"

namespace ferrum {

// What a location says; what it leaves open comes from the environment and the profile.
struct S3Settings {
  std::optional<std::string> region;
  std::optional<std::string> endpoint;  // "http://localhost:9000"
  std::optional<bool> path_style;       // the bucket in the path rather than the host's name
};

struct S3Endpoint {
  std::string scheme;
  std::string host;       // as the Host header has it: without the scheme's own port
  std::string base_path;  // "" or "/under"; encoded
  std::string region;
  bool path_style = false;
  bool is_custom = false;  // not AWS: the host does not follow from the region
};

// The endpoint: argument > AWS_ENDPOINT_URL_S3 > AWS_ENDPOINT_URL > profile > AWS (none of the
// middle three under AWS_IGNORE_CONFIGURED_ENDPOINT_URLS). The region: argument > AWS_REGION >
// AWS_DEFAULT_REGION > profile > us-east-1. Path style: argument > profile > custom endpoints, and
// buckets that are no single label of a host name. Throws kInvalidArgument.
S3Endpoint resolve_s3_endpoint(const S3Settings& settings, const AwsEnvironment& environment,
                               const AwsProfile* profile, std::string_view bucket);

// The same in another region.
S3Endpoint in_region(const S3Endpoint& endpoint, const std::string& region);

std::string resolve_aws_region(const std::optional<std::string>& argument,
                               const AwsEnvironment& environment, const AwsProfile* profile);
// It becomes part of a host's name: lower-case letters, digits, dashes.
bool is_aws_region(std::string_view region);
// "amazonaws.com"
std::string aws_domain(std::string_view region);

// Where an object (or, with an empty key, the bucket) is.
struct S3Address {
  std::string host;
  std::string path;  // encoded
};
S3Address address_of(const S3Endpoint& endpoint, std::string_view bucket, std::string_view key);

// Throws kInvalidArgument for what can be no name of a bucket, kUnsupported for access points and
// directory buckets; kInvalidArgument for a key that is empty, too long or not UTF-8.
void check_bucket(std::string_view bucket);
void check_key(std::string_view key);

}  // namespace ferrum
