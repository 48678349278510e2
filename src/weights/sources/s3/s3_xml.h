#pragma once
// The XML documents of S3 and STS. Hostile until parsed: at most 8 MiB, no DOCTYPE, no entities but
// XML's own five.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/sources/s3/aws_credentials.h"

namespace ferrum {

inline constexpr int64_t kMaxS3XmlBytes = int64_t{8} << 20;

struct S3Object {
  std::string key;
  int64_t size = 0;
  std::string etag;  // without quotes
};

// A page of ListObjectsV2, asked for with encoding-type=url.
struct S3Listing {
  std::vector<S3Object> objects;
  std::string next_token;  // empty: the last page
};
// Throws kInvalidFormat: also for a page that says there is more but not where, or for a size that
// is no number.
S3Listing parse_s3_listing(std::string_view xml);

// An <Error>. Texts are cut to what a message can hold, control characters replaced.
struct S3ErrorBody {
  std::string code;     // "NoSuchKey"
  std::string message;
  std::string region;   // where the bucket is, when that was the error
};
// Nothing when it is no such document, which a body in the place of an error may well not be.
std::optional<S3ErrorBody> find_s3_error(std::string_view xml);

// The answer to AssumeRoleWithWebIdentity. Throws kInvalidFormat.
AwsCredentials parse_sts_credentials(std::string_view xml);

}  // namespace ferrum
