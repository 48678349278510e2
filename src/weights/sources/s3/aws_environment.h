#pragma once
// What the AWS settings are read from, so that tests can give their own.

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "weights/http/http_client.h"
#include "weights/sources/s3/aws_credentials.h"

namespace ferrum {

struct AwsEnvironment {
  // An environment variable; nothing where it is unset or empty.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // HttpClient::send.
  std::function<HttpResponse(const HttpRequest&, const HttpLimits&, std::stop_token)> send;
  AwsCredentialStore::Clock now = std::chrono::system_clock::now;

  // "true" or "yes" in any case, and "1".
  bool is_set(const std::string& name) const;
  // The path with "~/" resolved.
  std::string expand_path(const std::string& path) const;
};

// That of this process. Borrows `client`.
AwsEnvironment process_environment(HttpClient& client);

// A small file: credentials, tokens. Nothing where it does not exist; throws kInvalidFormat beyond
// 1 MiB, kIo.
std::optional<std::string> read_small_file(const std::string& path);

}  // namespace ferrum
