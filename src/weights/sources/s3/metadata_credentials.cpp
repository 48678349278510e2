#include "weights/sources/s3/metadata_credentials.h"

#include <algorithm>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "weights/http/url.h"

namespace ferrum {
namespace {

constexpr std::chrono::seconds kDefaultTimeout{1};
constexpr int64_t kMaxTimeoutSeconds = 60;
constexpr const char* kMachineRoles = "/latest/meta-data/iam/security-credentials/";

std::chrono::seconds timeout_of(const AwsEnvironment& environment) {
  const auto text = environment.variable("AWS_METADATA_SERVICE_TIMEOUT");
  if (!text) return kDefaultTimeout;
  const auto value = parse_decimal(*text);
  if (value && *value >= 1 && *value <= kMaxTimeoutSeconds) return std::chrono::seconds(*value);
  throw Error(ErrorCode::kInvalidArgument,
              "AWS_METADATA_SERVICE_TIMEOUT must be seconds from 1 to " +
                  std::to_string(kMaxTimeoutSeconds));
}

HttpLimits limits_of(const AwsEnvironment& environment) {
  const auto timeout = timeout_of(environment);
  return {.connect_timeout = timeout, .idle_timeout = timeout, .max_body = 64 << 10};
}

// Past any proxy: what is asked is this machine's, and would be another's there.
HttpResponse ask(const AwsEnvironment& environment, const std::string& url, HttpHeaders headers,
                 const std::string& method = "GET") {
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.headers = std::move(headers);
  request.redirects = Redirects::kNone;
  request.direct = true;
  return environment.send(request, limits_of(environment), {});
}

std::string get_text(const AwsEnvironment& environment, const std::string& url,
                     const HttpHeaders& headers) {
  HttpResponse response = ask(environment, url, headers);
  if (response.status != 200) throw status_error("asking " + redact_url(url), response);
  return std::move(response.body);
}

// Plain HTTP is for this machine and the agents' fixed addresses alone.
void check_container_url(const std::string& url) {
  check_http_url(url);
  if (url.starts_with("https://")) return;
  const std::string origin = origin_of(url);
  for (const char* host : {"http://localhost:", "http://127.0.0.1:", "http://[::1]:",
                           "http://169.254.170.2:", "http://169.254.170.23:",
                           "http://[fd00:ec2::23]:"}) {
    if (origin.starts_with(host)) return;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "AWS_CONTAINER_CREDENTIALS_FULL_URI would ask " + redact_url(url) + " in the clear",
              "use https, or the address of an agent on this machine");
}

HttpHeaders container_headers(const AwsEnvironment& environment) {
  HttpHeaders headers;
  std::optional<std::string> token = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto path = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = read_small_file(*path);
    if (!token) {
      throw Error(ErrorCode::kNotFound,
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + *path + " is missing");
    }
    token->erase(token->find_last_not_of(" \t\r\n") + 1);
  }
  if (token) headers.add("authorization", *token);
  return headers;
}

std::string machine_url(const AwsEnvironment& environment) {
  std::string url = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                        .value_or("http://169.254.169.254");
  while (url.ends_with('/')) url.pop_back();
  check_http_url(url);
  return url;
}

HttpHeaders machine_session(const AwsEnvironment& environment, const std::string& url) {
  const HttpResponse response = ask(environment, url + "/latest/api/token",
                                    {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}, "PUT");
  if (response.status != 200) throw status_error("asking " + redact_url(url), response);
  return {{"x-aws-ec2-metadata-token", response.body}};
}

AwsCredentials fetch_machine_credentials(const AwsEnvironment& environment,
                                         const std::string& url) {
  const HttpHeaders session = machine_session(environment, url);
  std::string role = get_text(environment, url + kMachineRoles, session);
  role.resize(std::min(role.find_first_of("\r\n"), role.size()));
  const std::string path = kMachineRoles + percent_encode(role);
  return parse_metadata_credentials(get_text(environment, url + path, session));
}

}  // namespace

AwsCredentials parse_metadata_credentials(std::string_view text) try {
  const Json json = parse_json(text, "metadata credentials");
  const auto read = [&](const char* key) {
    const auto it = json.find(key);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  AwsCredentials credentials{.access_key_id = read("AccessKeyId"),
                             .secret_access_key = read("SecretAccessKey"),
                             .session_token = read("Token"),
                             .expires = {}};
  const bool is_failure = !read("Code").empty() && read("Code") != "Success";
  if (is_failure || credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    throw Error(ErrorCode::kInvalidFormat, "");
  }
  if (json.contains("Expiration")) credentials.expires = parse_aws_time(read("Expiration"));
  return credentials;
} catch (const Error&) {
  throw Error(ErrorCode::kInvalidFormat, "the metadata service's answer holds no credentials");
}

std::optional<AwsCredentialOrigin> find_container_credentials(const AwsEnvironment& environment) {
  std::string url;
  if (const auto path = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    if (!path->starts_with('/')) {
      throw Error(ErrorCode::kInvalidArgument,
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'");
    }
    url = "http://169.254.170.2" + *path;
  } else if (const auto full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    url = *full;
  } else {
    return std::nullopt;
  }
  check_container_url(url);
  return AwsCredentialOrigin{"the container's agent", [environment, url] {
                               return parse_metadata_credentials(
                                   get_text(environment, url, container_headers(environment)));
                             }};
}

std::optional<AwsCredentialOrigin> find_machine_credentials(const AwsEnvironment& environment) {
  if (environment.is_set("AWS_EC2_METADATA_DISABLED")) return std::nullopt;
  const std::string url = machine_url(environment);
  try {
    const HttpHeaders session = machine_session(environment, url);
    if (ask(environment, url + kMachineRoles, session).status != 200) return std::nullopt;
  } catch (const HttpError&) {
    return std::nullopt;  // no such service: this machine is not AWS's
  }
  return AwsCredentialOrigin{"the machine's role", [environment, url] {
                               return fetch_machine_credentials(environment, url);
                             }};
}

}  // namespace ferrum
