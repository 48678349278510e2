#include "weights/sources/s3/aws_environment.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "ferrum/types/error.h"
#include "weights/open_file.h"

namespace ferrum {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 20;

}  // namespace

bool AwsEnvironment::is_set(const std::string& name) const {
  const std::string value = variable(name).value_or("");
  return value == "1" || strcasecmp(value.c_str(), "true") == 0 ||
         strcasecmp(value.c_str(), "yes") == 0;
}

std::string AwsEnvironment::expand_path(const std::string& path) const {
  if (!path.starts_with("~/")) return path;
  return variable("HOME").value_or("") + path.substr(1);
}

AwsEnvironment process_environment(HttpClient& client) {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (!value || !*value) return std::nullopt;
            return value;
          },
          .send = [&client](const HttpRequest& request, const HttpLimits& limits,
                            std::stop_token stop) { return client.send(request, limits, stop); }};
}

std::optional<std::string> read_small_file(const std::string& path) try {
  if (path == "/dev/null") return std::nullopt;  // how one says "no such file"
  const OpenFile file(path);
  if (file.size() > kMaxFileBytes) {
    throw Error(ErrorCode::kInvalidFormat, path + " has " + std::to_string(file.size()) +
                                               " bytes, at most " +
                                               std::to_string(kMaxFileBytes) + " are read");
  }
  std::string text(static_cast<size_t>(file.size()), '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::read(file.descriptor(), text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Error(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
    }
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  text.resize(done);
  return text;
} catch (const Error& error) {
  if (error.code() == ErrorCode::kNotFound) return std::nullopt;
  throw;
}

}  // namespace ferrum
