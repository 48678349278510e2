#pragma once
// The location of a source of kind "s3": which object, and who asks for it.

#include <optional>
#include <string>

#include "ferrum/types/json.h"
#include "weights/sources/s3/aws_credentials.h"
#include "weights/sources/s3/s3_endpoint.h"

namespace ferrum {

struct S3Location {
  std::string bucket;
  std::string key;  // of a model: the prefix, "" or ending in '/'
  S3Settings settings;
  bool anonymous = false;  // requests go out unsigned
  std::optional<std::string> profile;
  std::optional<AwsCredentials> credentials;

  std::string to_string() const;  // "s3://bucket/key", for messages
};

// {"bucket", "key", "region"?, "endpoint"?, "path_style"?, "anonymous"?, "profile"?,
// "access_key_id"?, "secret_access_key"?, "session_token"?}. Throws kInvalidArgument, showing no
// value of the last three; unknown keys are refused.
S3Location parse_s3_location(const Json& location);
Json to_json(const S3Location& location);

// "s3://bucket/key", the key as it is: nothing is decoded. Throws kInvalidArgument.
S3Location parse_s3_url(const std::string& url);

}  // namespace ferrum
