#pragma once
// Where the keys come from when nobody says: the order that AWS tools share.

#include <optional>
#include <string>

#include "weights/sources/s3/aws_credentials.h"
#include "weights/sources/s3/aws_environment.h"
#include "weights/sources/s3/aws_profile.h"

namespace ferrum {

// The first of these that is configured; one that is configured but broken is an error and not
// passed over:
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. the profile's keys, or its role_arn with web_identity_token_file. Roles over another
//      profile, processes and single sign-on are refused with the remedy (kUnsupported)
//   3. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN
//   4. the container's AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
//   5. the machine's metadata service (IMDSv2), unless AWS_EC2_METADATA_DISABLED
// Nothing is fetched yet, but the fifth is asked whether it is there. `region` is whose STS is
// asked. Throws kNotFound, naming what was tried, when there is none. The result keeps a copy of
// `environment`.
AwsCredentialOrigin find_aws_credentials(const AwsEnvironment& environment,
                                         const AwsProfile* profile, const std::string& region);

// The same ones at every fetch.
AwsCredentialOrigin fixed_credentials(AwsCredentials credentials, std::string description);

}  // namespace ferrum
