#include "weights/sources/s3/aws_credentials.h"

#include <utility>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kRenewBefore{5};
constexpr seconds kRetryAfter{30};  // between renewals that fail while the old ones still serve
constexpr seconds kNew{30};

}  // namespace

AwsCredentials AwsCredentialStore::get() {
  const std::lock_guard lock(mutex_);
  const SystemTime now = now_();
  const auto is_valid_in = [&](SystemTime::duration ahead) {
    return current_ && (!current_->expires || *current_->expires > now + ahead);
  };
  if (is_valid_in(kRenewBefore) || (is_valid_in({}) && now < next_try_)) return *current_;
  try {
    current_ = origin_.fetch();
    fetched_at_ = now;
  } catch (const Error&) {
    if (!is_valid_in({})) throw;
    next_try_ = now + kRetryAfter;
  }
  return *current_;
}

bool AwsCredentialStore::refuse() {
  const std::lock_guard lock(mutex_);
  if (current_ && !current_->expires) return false;
  if (now_() - fetched_at_ >= kNew) current_.reset();
  return true;
}

std::string AwsCredentialStore::without_secrets(std::string text) {
  const std::lock_guard lock(mutex_);
  if (!current_) return text;
  for (const std::string* secret : {&current_->secret_access_key, &current_->session_token,
                                    &current_->access_key_id}) {
    if (secret->empty()) continue;
    for (size_t at = 0; (at = text.find(*secret, at)) != text.npos;) {
      text.replace(at, secret->size(), "***");
    }
  }
  return text;
}

}  // namespace ferrum
