#pragma once
// Keys that a container's agent or the machine's metadata service hands out over HTTP.

#include <optional>
#include <string_view>

#include "weights/sources/s3/aws_credentials.h"
#include "weights/sources/s3/aws_environment.h"

namespace ferrum {

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or _FULL_URI (EKS, Greengrass), with
// AWS_CONTAINER_AUTHORIZATION_TOKEN or _TOKEN_FILE. Throws kInvalidArgument for a URI that would
// send the token in the clear to another machine.
std::optional<AwsCredentialOrigin> find_container_credentials(const AwsEnvironment& environment);

// IMDSv2: a session token first, then the role's keys. Nothing where the service does not answer
// within AWS_METADATA_SERVICE_TIMEOUT (1) seconds, has no role, or AWS_EC2_METADATA_DISABLED.
std::optional<AwsCredentialOrigin> find_machine_credentials(const AwsEnvironment& environment);

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}. Throws kInvalidFormat, showing none of
// the text.
AwsCredentials parse_metadata_credentials(std::string_view json);

}  // namespace ferrum
