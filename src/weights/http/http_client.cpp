#include "weights/http/http_client.h"

#include <mutex>
#include <set>
#include <vector>

#include "weights/http/curl_transfer.h"
#include "weights/http/url.h"

namespace ferrum {

// The handles that no request uses now, the last used at the back.
class HttpClient::Pool {
 public:
  // One that has talked to `origin`, so that its connection is used again, where there is one.
  std::unique_ptr<CurlHandle> take(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    for (auto handle = idle_.rbegin(); handle != idle_.rend(); ++handle) {
      if ((*handle)->origin != origin) continue;
      auto taken = std::move(*handle);
      idle_.erase(std::next(handle).base());
      return taken;
    }
    return std::make_unique<CurlHandle>();
  }

  void give_back(std::unique_ptr<CurlHandle> handle) {
    constexpr size_t kMaxIdle = 64;
    const std::lock_guard lock(mutex_);
    if (idle_.size() == kMaxIdle) idle_.erase(idle_.begin());
    idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<CurlHandle>> idle_;
};

bool HttpResponse::is_redirect() const {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

namespace {

// Throws HttpError where a redirect may not be followed.
std::string redirect_url(const HttpRequest& request, const std::string& location) {
  const auto refuse = [&](const std::string& why) {
    throw HttpError(request.method + " " + redact_url(request.url) + ": " + why, "", false);
  };
  std::string target;
  try {
    target = resolve_url(request.url, location);
    check_http_url(target);
  } catch (const Error&) {
    refuse("the server redirects to what is no URL of http or https");
  }
  if (origin_of(request.url).starts_with("https:") && !target.starts_with("https:")) {
    refuse("the server redirects from https to http, which is not followed");
  }
  return target;
}

// What may be said to another origin.
HttpHeaders public_headers(const HttpHeaders& headers) {
  HttpHeaders result;
  for (const char* name : {"Range", "If-Match", "If-Range"}) {
    if (const std::string* value = headers.find(name)) result.add(name, *value);
  }
  return result;
}

}  // namespace

HttpClient::HttpClient() : pool_(std::make_unique<Pool>()) {}
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request, const HttpLimits& limits,
                              std::stop_token stop, const HttpSink& sink) {
  check_http_url(request.url);
  HttpRequest hop = request;
  std::set<std::string> visited;
  for (int redirects = 0;; ++redirects) {
    const std::string origin = origin_of(hop.url);
    std::unique_ptr<CurlHandle> handle = pool_->take(origin);
    handle->origin = origin;
    HttpResponse response = handle->send(hop, limits, stop, sink);
    pool_->give_back(std::move(handle));  // one that failed is dropped, its connection with it

    const std::string* location = response.headers.find("Location");
    const bool follows = request.redirects != Redirects::kNone &&
                         (request.method == "GET" || request.method == "HEAD");
    if (!response.is_redirect() || !location || !follows) return response;

    visited.insert(hop.url);
    const std::string target = redirect_url(hop, *location);
    const bool leaves = origin_of(target) != origin;
    if (leaves && request.redirects == Redirects::kSameOrigin) return response;
    if (visited.count(target) || redirects == limits.max_redirects) {
      throw HttpError(request.method + " " + redact_url(request.url) +
                      (visited.count(target) ? ": the server redirects in a circle"
                                             : ": more redirects than are followed (" +
                                                   std::to_string(limits.max_redirects) + ")"),
                      "", false);
    }
    if (leaves) hop.headers = public_headers(hop.headers);
    hop.url = target;
  }
}

Error status_error(const std::string& asked, const HttpResponse& response) {
  const int status = response.status;
  const bool is_missing = status == 404 || status == 410;
  std::string hint;
  if (status == 401 || status == 403) hint = "check the credentials, and that they may read this";
  if (status == 407) hint = "the proxy wants credentials";
  if (status == 429 || status == 503) hint = "the server asks for fewer requests; try again later";
  return Error(is_missing ? ErrorCode::kNotFound : ErrorCode::kIo,
               asked + ": the server answers with HTTP status " + std::to_string(status), hint);
}

}  // namespace ferrum
