#pragma once
// An environment for tests: variables, answers to requests, a clock.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weights/sources/s3/aws_environment.h"

namespace ferrum::test {

struct FakeAws {
  std::map<std::string, std::string> variables = {{"HOME", "/nonexistent"}};
  // By "METHOD url"; what is not here answers as a machine that does not exist.
  std::map<std::string, HttpResponse> answers;
  std::vector<HttpRequest> requests;
  SystemTime now = std::chrono::system_clock::from_time_t(1'795'442'400);  // 2026-11-23T14:00:00Z

  // Borrows this object.
  AwsEnvironment environment() {
    return {.variable = [this](const std::string& name) -> std::optional<std::string> {
              const auto it = variables.find(name);
              if (it == variables.end() || it->second.empty()) return std::nullopt;
              return it->second;
            },
            .send = [this](const HttpRequest& request, const HttpLimits&,
                           std::stop_token) { return answer(request); },
            .now = [this] { return now; }};
  }

 private:
  HttpResponse answer(const HttpRequest& request) {
    requests.push_back(request);
    const auto it = answers.find(request.method + " " + request.url);
    if (it == answers.end()) throw HttpError(request.url + ": connection refused", "", true);
    return it->second;
  }
};

}  // namespace ferrum::test
