#include "weights/http/send_with_retries.h"

#include <condition_variable>
#include <mutex>
#include <optional>

namespace ferrum {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{250}, kLongestWait{10'000};

bool is_busy(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
}

// Throws kCancelled.
void pause(milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "a request was stopped");
}

// The time that a busy server asks for; nothing where it is too long to wait for.
std::optional<milliseconds> time_to_wait(const HttpResponse& response, milliseconds otherwise) {
  const std::string* text = response.headers.find("Retry-After");
  const auto asked =
      text ? parse_retry_after(*text, std::chrono::system_clock::now()) : std::nullopt;
  if (!asked) return otherwise;
  if (*asked > kLongestWait) return std::nullopt;
  return *asked;
}

}  // namespace

HttpResponse send_with_retries(HttpClient& client, const HttpRequest& request,
                               const HttpLimits& limits, int attempts, std::stop_token stop) {
  for (int attempt = 1;; ++attempt) {
    milliseconds wait = kFirstWait * (1 << (attempt - 1));
    try {
      HttpResponse response = client.send(request, limits, stop);
      if (!is_busy(response.status) || attempt == attempts) return response;
      const auto asked = time_to_wait(response, wait);
      if (!asked) return response;
      wait = *asked;
    } catch (const HttpError& error) {
      if (!error.is_transient() || attempt == attempts) throw;
    }
    pause(std::min(wait, kLongestWait), stop);
  }
}

}  // namespace ferrum
