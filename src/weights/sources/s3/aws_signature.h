#pragma once
// AWS Signature Version 4 as S3 wants it: the path is encoded once and never normalised.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/http/http_headers.h"
#include "weights/sources/s3/aws_credentials.h"

namespace ferrum {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

// The hash of a request without a body.
inline constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct AwsRequest {
  std::string method;     // "GET"
  std::string path;       // "/bucket/a%20key": the bytes that are sent
  std::string query;      // encode_aws_query's: the bytes that are sent
  HttpHeaders headers;    // all are signed; "host" and "x-amz-date" must be among them
  std::string payload_sha256 = std::string(kEmptySha256);  // hex
};

struct AwsScope {
  std::string region;
  std::string service = "s3";
};

// A path of unencoded bytes: all but A-Z a-z 0-9 - . _ ~ / become %XX.
std::string encode_aws_path(std::string_view path);
// "a=1&b=": encoded, sorted by name, then value.
std::string encode_aws_query(const QueryParameters& parameters);

// What is hashed and signed; for tests and for messages of the server to be compared with.
std::string canonical_request(const AwsRequest& request);
// The value of the Authorization header.
std::string aws_authorization(const AwsRequest& request, const AwsScope& scope,
                              const AwsCredentials& credentials);

// Adds x-amz-date, x-amz-content-sha256 (S3 alone), x-amz-security-token and authorization.
void sign_aws_request(AwsRequest& request, const AwsScope& scope,
                      const AwsCredentials& credentials, SystemTime time);

}  // namespace ferrum
