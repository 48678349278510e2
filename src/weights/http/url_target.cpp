#include <mutex>
#include <optional>

#include "weights/http/remote_target.h"
#include "weights/http/url.h"

namespace ferrum {
namespace {

class UrlTarget : public RemoteTarget {
 public:
  UrlTarget(const std::string& url, const HttpHeaders& headers)
      : url_(url), headers_(headers), name_(redact_url(url)) {
    check_http_url(url);
  }

  const std::string& name() const override { return name_; }

  HttpRequest request(const HttpHeaders& conditions) override {
    const std::lock_guard lock(mutex_);
    HttpRequest request;
    request.url = moved_.value_or(url_);
    if (origin_of(request.url) == origin_of(url_)) request.headers = headers_;
    for (const auto& [name, value] : conditions.fields()) request.headers.set(name, value);
    return request;
  }

  void learn(const HttpResponse& response) override {
    const std::lock_guard lock(mutex_);
    if (response.final_url != url_) moved_ = response.final_url;
  }

  bool recover(const HttpResponse&) override {
    const std::lock_guard lock(mutex_);
    return std::exchange(moved_, std::nullopt).has_value();
  }

 private:
  const std::string url_;
  const HttpHeaders headers_;
  const std::string name_;
  std::mutex mutex_;
  std::optional<std::string> moved_;  // where a redirect led
};

}  // namespace

std::shared_ptr<RemoteTarget> create_url_target(const std::string& url,
                                                const HttpHeaders& headers) {
  return std::make_shared<UrlTarget>(url, headers);
}

}  // namespace ferrum
