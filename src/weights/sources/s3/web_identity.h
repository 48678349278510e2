#pragma once
// A role taken on with a token that the platform (Kubernetes, a CI system) writes into a file.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

#include <string>

#include "weights/sources/s3/aws_credentials.h"
#include "weights/sources/s3/aws_environment.h"

namespace ferrum {

struct WebIdentity {
  std::string role_arn;
  std::string token_file;    // read anew at every renewal
  std::string session_name;  // empty: "ferrum"
};

// Asks AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL or the STS of `region`.
AwsCredentialOrigin web_identity(WebIdentity identity, const AwsEnvironment& environment,
                                 const std::string& region);

}  // namespace ferrum
