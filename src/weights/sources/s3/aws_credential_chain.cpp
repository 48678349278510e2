#include "weights/sources/s3/aws_credential_chain.h"

#include "ferrum/types/error.h"
#include "weights/sources/s3/metadata_credentials.h"
#include "weights/sources/s3/web_identity.h"

namespace ferrum {
namespace {

using FoundOrigin = std::optional<AwsCredentialOrigin>;

[[noreturn]] void refuse_half(const std::string& where, const std::string& has,
                              const std::string& lacks) {
  throw Error(ErrorCode::kInvalidArgument, where + " has " + has + " but no " + lacks,
              "give both or neither");
}

FoundOrigin find_in_environment(const AwsEnvironment& environment) {
  const auto id = environment.variable("AWS_ACCESS_KEY_ID");
  const auto secret = environment.variable("AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) return std::nullopt;
  if (!secret) refuse_half("the environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
  if (!id) refuse_half("the environment", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
  return fixed_credentials({.access_key_id = *id,
                            .secret_access_key = *secret,
                            .session_token = environment.variable("AWS_SESSION_TOKEN").value_or(""),
                            .expires = {}},
                           "the environment");
}

// How a profile may say where its keys are, and what this build cannot do of it.
void refuse_unsupported(const AwsProfile& profile, const std::string& where) {
  for (const auto& [key, what] :
       {std::pair("source_profile", "a role over another profile"),
        std::pair("credential_source", "a role over the machine's own"),
        std::pair("credential_process", "a process that prints its keys"),
        std::pair("sso_session", "single sign-on"), std::pair("sso_start_url", "single sign-on"),
        std::pair("role_arn", "a role")}) {
    if (!profile.find(key)) continue;
    throw Error(ErrorCode::kUnsupported,
                where + " uses " + what + " (" + key + "), which this build does not follow",
                "eval \"$(aws configure export-credentials --profile " + profile.name +
                    " --format env)\", then try again");
  }
}

FoundOrigin find_in_profile(const AwsEnvironment& environment, const AwsProfile* profile,
                            const std::string& region) {
  if (!profile) return std::nullopt;
  const std::string where = "profile '" + profile->name + "' of " + profile->files;
  const std::string* role = profile->find("role_arn");
  const std::string* token_file = profile->find("web_identity_token_file");
  if (role && token_file) {
    const std::string* session = profile->find("role_session_name");
    return web_identity({.role_arn = *role,
                         .token_file = environment.expand_path(*token_file),
                         .session_name = session ? *session : ""},
                        environment, region);
  }
  if (token_file) refuse_half(where, "web_identity_token_file", "role_arn");
  const std::string* id = profile->find("aws_access_key_id");
  const std::string* secret = profile->find("aws_secret_access_key");
  if (id && !secret) refuse_half(where, "aws_access_key_id", "aws_secret_access_key");
  if (secret && !id) refuse_half(where, "aws_secret_access_key", "aws_access_key_id");
  // A role that is reached with these very keys is not these keys.
  if (!id || role) {
    refuse_unsupported(*profile, where);
    return std::nullopt;
  }
  const std::string* token = profile->find("aws_session_token");
  return fixed_credentials({.access_key_id = *id,
                            .secret_access_key = *secret,
                            .session_token = token ? *token : "",
                            .expires = {}},
                           where);
}

FoundOrigin find_web_identity(const AwsEnvironment& environment, const std::string& region) {
  const auto file = environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file) return std::nullopt;
  const auto role = environment.variable("AWS_ROLE_ARN");
  if (!role) refuse_half("the environment", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN");
  return web_identity(
      {.role_arn = *role,
       .token_file = environment.expand_path(*file),
       .session_name = environment.variable("AWS_ROLE_SESSION_NAME").value_or("")},
      environment, region);
}

}  // namespace

AwsCredentialOrigin fixed_credentials(AwsCredentials credentials, std::string description) {
  return {std::move(description), [credentials = std::move(credentials)] { return credentials; }};
}

AwsCredentialOrigin find_aws_credentials(const AwsEnvironment& environment,
                                         const AwsProfile* profile, const std::string& region) {
  if (auto origin = find_in_environment(environment)) return *origin;
  if (auto origin = find_in_profile(environment, profile, region)) return *origin;
  if (auto origin = find_web_identity(environment, region)) return *origin;
  if (auto origin = find_container_credentials(environment)) return *origin;
  if (auto origin = find_machine_credentials(environment)) return *origin;
  throw Error(ErrorCode::kNotFound,
              "no AWS credentials: none in the environment (AWS_ACCESS_KEY_ID), in " +
                  (profile ? "profile '" + profile->name + "'" : "~/.aws/credentials") +
                  ", of a web identity, a container or the machine's metadata service",
              "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a public "
              "bucket set AWS_NO_SIGN_REQUEST=true");
}

}  // namespace ferrum
