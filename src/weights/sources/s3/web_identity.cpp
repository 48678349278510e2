#include "weights/sources/s3/web_identity.h"

#include "ferrum/types/error.h"
#include "weights/http/url.h"
#include "weights/sources/s3/aws_signature.h"
#include "weights/sources/s3/s3_endpoint.h"
#include "weights/sources/s3/s3_xml.h"

namespace ferrum {
namespace {

std::string sts_url(const AwsEnvironment& environment, const std::string& region) {
  if (!environment.is_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
    for (const char* variable : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
      if (auto url = environment.variable(variable)) return *url;
    }
  }
  return "https://sts." + region + "." + aws_domain(region) + "/";
}

std::string read_token(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) throw Error(ErrorCode::kNotFound, "the web identity token " + path + " is missing");
  const size_t end = text->find_last_not_of(" \t\r\n");
  if (end == text->npos) {
    throw Error(ErrorCode::kInvalidFormat, "the web identity token " + path + " is empty");
  }
  return text->substr(0, end + 1);
}

// STS answers as S3 does, one level deeper.
std::string reason_of(const HttpResponse& response) {
  const size_t begin = response.body.find("<Error>");
  const size_t end = response.body.find("</Error>");
  if (begin != std::string::npos && end != std::string::npos && begin < end) {
    const std::string inner = response.body.substr(begin, end + 8 - begin);
    const auto error = find_s3_error(inner);
    if (error) return error->code + ": " + error->message;
  }
  return "HTTP status " + std::to_string(response.status);
}

AwsCredentials assume_role(const WebIdentity& identity, const AwsEnvironment& environment,
                           const std::string& url) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.redirects = Redirects::kNone;
  request.headers.add("content-type", "application/x-www-form-urlencoded");
  request.body = encode_aws_query(
      {{"Action", "AssumeRoleWithWebIdentity"},
       {"Version", "2011-06-15"},
       {"RoleArn", identity.role_arn},
       {"RoleSessionName", identity.session_name.empty() ? "ferrum" : identity.session_name},
       {"WebIdentityToken", read_token(identity.token_file)}});
  const HttpResponse response = environment.send(request, {}, {});
  if (response.status != 200) {
    throw Error(ErrorCode::kIo,
                "the role " + identity.role_arn + " was not granted by " + redact_url(url) + ": " +
                    reason_of(response),
                "the role must trust the issuer of the token in " + identity.token_file);
  }
  return parse_sts_credentials(response.body);
}

}  // namespace

AwsCredentialOrigin web_identity(WebIdentity identity, const AwsEnvironment& environment,
                                 const std::string& region) {
  std::string description = "the web identity in " + identity.token_file;
  return {std::move(description),
          [identity = std::move(identity), environment, url = sts_url(environment, region)] {
            return assume_role(identity, environment, url);
          }};
}

}  // namespace ferrum
