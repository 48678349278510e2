#pragma once
// Checks AWS Signature Version 4 of a request as it came in, by the specification alone: nothing
// here is shared with what signs.

#include <string>
#include <string_view>

#include "support/http_server.h"

namespace ferrum::test {

// The parts of "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...". All empty when
// it is not of that form.
struct SignatureParts {
  std::string key_id, date, region, service;
  std::string signed_headers;
  std::string signature;
};
SignatureParts parse_authorization(std::string_view header);

// An error code of S3, or empty for a request that is signed with `secret`: every x-amz- header
// and the host among what is signed, the body of the hash that is told.
std::string check_signature(const ServerRequest& request, const SignatureParts& parts,
                            const std::string& secret);

// %XX; a wrong escape stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace ferrum::test
