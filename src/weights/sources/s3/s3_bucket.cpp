#include "weights/sources/s3/s3_bucket.h"

#include <algorithm>
#include <condition_variable>
#include <random>

#include "weights/sources/s3/aws_credential_chain.h"
#include "weights/sources/s3/s3_errors.h"

namespace ferrum {
namespace {

using std::chrono::milliseconds;

constexpr int kMaxAttempts = 6;
constexpr int kMaxLessons = 2;  // a region and a renewal
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{20'000};

bool is_success(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

// Doubled at each attempt, and spread so that callers who were refused together do not return so.
milliseconds pause_after(int attempt, const HttpResponse* response, SystemTime now) {
  const std::string* wanted = response ? response->headers.find("Retry-After") : nullptr;
  if (wanted) {
    if (const auto seconds = parse_retry_after(*wanted, now)) {
      return std::min<milliseconds>(*seconds, kLongestPause);
    }
  }
  thread_local std::minstd_rand random(std::random_device{}());
  const double spread = std::uniform_real_distribution(0.5, 1.0)(random);
  return std::chrono::duration_cast<milliseconds>(kFirstPause * (1 << attempt) * spread);
}

void sleep(milliseconds pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, pause, [] { return false; });
  if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "stopped on request");
}

}  // namespace

S3Bucket::S3Bucket(const S3Location& location, const AwsEnvironment& environment,
                   HttpHeaders default_headers, HttpLimits limits)
    : name_(location.bucket),
      environment_(environment),
      default_headers_(std::move(default_headers)),
      limits_(limits) {
  default_headers_.erase("authorization");  // the signature takes its place

  const bool is_anonymous =
      location.anonymous || (!location.credentials && environment.is_set("AWS_NO_SIGN_REQUEST"));
  // Who brings keys or needs none is not held up by a profile that is broken.
  const bool wants_profile = location.profile || (!is_anonymous && !location.credentials);
  const auto profile =
      wants_profile ? load_aws_profile(environment, location.profile) : std::nullopt;
  const AwsProfile* found = profile ? &*profile : nullptr;
  endpoint_ = resolve_s3_endpoint(location.settings, environment, found, name_);
  if (is_anonymous) return;
  if (location.credentials) {
    credentials_.emplace(fixed_credentials(*location.credentials, "the location"),
                         environment.now);
  } else {
    credentials_.emplace(find_aws_credentials(environment, found, endpoint_.region),
                         environment.now);
  }
}

S3Endpoint S3Bucket::endpoint() {
  const std::lock_guard lock(mutex_);
  return endpoint_;
}

std::string S3Bucket::identity_of(const std::string& key) {
  const S3Endpoint endpoint = this->endpoint();
  if (!endpoint.is_custom) return "s3://" + name_ + "/" + key;
  return endpoint.scheme + "://" + endpoint.host + endpoint.base_path + "/" + name_ + "/" + key;
}

HttpRequest S3Bucket::make_request(const std::string& method, const std::string& key,
                                   const QueryParameters& query, const HttpHeaders& headers) {
  const S3Endpoint endpoint = this->endpoint();
  const S3Address address = address_of(endpoint, name_, key);
  AwsRequest request{.method = method,
                     .path = address.path,
                     .query = encode_aws_query(query),
                     .headers = default_headers_};
  for (const auto& [name, value] : headers.fields()) request.headers.set(name, value);
  request.headers.set("host", address.host);
  if (credentials_) {
    sign_aws_request(request, {.region = endpoint.region}, credentials_->get(),
                     environment_.now());
  }
  HttpRequest signed_request;
  signed_request.method = method;
  signed_request.redirects = Redirects::kNone;
  signed_request.url = endpoint.scheme + "://" + address.host + address.path;
  if (!request.query.empty()) signed_request.url += "?" + request.query;
  signed_request.headers = std::move(request.headers);
  return signed_request;
}

bool S3Bucket::learn_from(const HttpResponse& response) {
  if (credentials_ && is_expiry(response) && credentials_->refuse()) return true;
  const int status = response.status;
  if (status != 301 && status != 307 && status != 400 && status != 403) return false;
  const std::string* named = response.headers.find("x-amz-bucket-region");
  const auto body = named ? std::nullopt : find_s3_error(response.body);
  const std::string region = named ? *named : body ? body->region : "";
  if (!is_aws_region(region)) return false;
  const std::lock_guard lock(mutex_);
  // Another request may have learned it while this one was on its way.
  if (endpoint_.region == region) return is_corrected_ && status != 403;
  if (is_corrected_) return false;
  endpoint_ = in_region(endpoint_, region);
  is_corrected_ = true;
  return true;
}

HttpResponse S3Bucket::send(const std::string& method, const std::string& key,
                            const QueryParameters& query, const HttpHeaders& headers,
                            int64_t max_body, std::stop_token stop) {
  HttpLimits limits = limits_;
  limits.max_body = std::max(max_body, kMaxErrorBytes);
  int lessons = 0;
  bool has_explained = false;
  for (int attempt = 0;; ++attempt) {
    const bool is_last = attempt + 1 == kMaxAttempts;
    HttpRequest request = make_request(method, key, query, headers);
    request.fresh_connection = attempt > 0;
    std::optional<HttpResponse> response;
    try {
      response = environment_.send(request, limits, stop);
    } catch (const HttpError& error) {
      if (!error.is_transient() || is_last) throw;
    }
    if (response && is_success(*response)) return std::move(*response);
    if (response && lessons < kMaxLessons && learn_from(*response)) {
      ++lessons;
      --attempt;  // bounded by the lessons
      continue;
    }
    if (response && !is_transient(*response)) {
      if (!has_explained && method == "HEAD" && response->status != 404) {
        has_explained = true;
        // A HEAD is refused without words; a GET learns from them, or throws them.
        send("GET", key, query, {{"Range", "bytes=0-0"}}, 1, stop);
        continue;
      }
      throw error_for(key, *response);
    }
    if (response && is_last) throw error_for(key, *response);
    sleep(pause_after(attempt, response ? &*response : nullptr, environment_.now()), stop);
  }
}

Error S3Bucket::error_for(const std::string& key, const HttpResponse& response) {
  const S3Endpoint endpoint = this->endpoint();
  const S3Asked asked{.bucket = name_,
                      .key = key,
                      .host = endpoint.host,
                      .region = endpoint.region,
                      .credentials = credentials_ ? credentials_->origin() : ""};
  HttpResponse shown = response;
  // A server may answer with what it was sent.
  if (credentials_) shown.body = credentials_->without_secrets(std::move(shown.body));
  return s3_error(asked, shown, environment_.now());
}

}  // namespace ferrum
