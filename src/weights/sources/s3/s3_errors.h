#pragma once
// What a refusal of S3 means for the one who asked.

#include <string>

#include "ferrum/types/error.h"
#include "weights/http/http_client.h"
#include "weights/sources/s3/aws_time.h"
#include "weights/sources/s3/s3_xml.h"

namespace ferrum {

struct S3Asked {
  std::string bucket;
  std::string key;          // empty: the bucket itself was listed
  std::string host;
  std::string region;
  std::string credentials;  // where they come from; empty: anonymous
};

// kNotFound or kIo. `now` is compared with the server's clock.
Error s3_error(const S3Asked& asked, const HttpResponse& response, SystemTime now);

// Whether the same request may succeed later: 429, 5xx, a request that timed out.
bool is_transient(const HttpResponse& response);
// Whether temporary credentials were refused for their age. A HEAD has no text to say so.
bool is_expiry(const HttpResponse& response);

}  // namespace ferrum
