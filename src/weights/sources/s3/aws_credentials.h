#pragma once
// Keys that sign requests, and their renewal.
//
// Never printed: no error, log or listing shows a part of them.

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "weights/sources/s3/aws_time.h"

namespace ferrum {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;          // empty: long-lived keys
  std::optional<SystemTime> expires;  // absent: never
};

// Where credentials come from: chosen once, asked again when they are about to expire.
struct AwsCredentialOrigin {
  std::string description;  // "the environment", "profile 'work' of ~/.aws/credentials"
  std::function<AwsCredentials()> fetch;
};

// Thread-safe: those who need credentials that are being renewed wait for the one renewal.
class AwsCredentialStore {
 public:
  using Clock = std::function<SystemTime()>;
  explicit AwsCredentialStore(AwsCredentialOrigin origin,
                              Clock now = std::chrono::system_clock::now)
      : origin_(std::move(origin)), now_(std::move(now)) {}

  const std::string& origin() const { return origin_.description; }

  // Renewed from five minutes before they expire on. While a renewal fails, the old ones serve
  // until they are over; then throws as the origin does.
  AwsCredentials get();
  // The server refused them as expired: the next get() asks the origin, unless they are new, which
  // may be so since another request was refused first. False for keys that never expire.
  bool refuse();
  // `text` with every occurrence of a key or token replaced.
  std::string without_secrets(std::string text);

 private:
  AwsCredentialOrigin origin_;
  Clock now_;
  std::mutex mutex_;
  std::optional<AwsCredentials> current_;
  SystemTime fetched_at_{};
  SystemTime next_try_{};
};

}  // namespace ferrum
