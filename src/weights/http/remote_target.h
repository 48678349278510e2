#pragma once
// An object on a server, as the reader of its ranges asks for it.

#include <memory>
#include <string>

#include "weights/http/http_client.h"

namespace ferrum {

// Thread-safe.
class RemoteTarget {
 public:
  virtual ~RemoteTarget() = default;

  virtual const std::string& name() const = 0;  // for messages: no secret is in it

  // A GET of the object, made anew for each attempt, with `conditions` (Range, If-Match) among its
  // headers: a signature can cover them.
  virtual HttpRequest request(const HttpHeaders& conditions) = 0;

  // After a response of success: where it came from may be asked next time.
  virtual void learn(const HttpResponse&) {}
  // After a refusal (4xx but 408, 412, 416, 425 and 429; or 3xx), or where nothing came (status 0):
  // whether `request` now gives another request, for a redirect that had expired or a region that
  // was wrong.
  virtual bool recover(const HttpResponse&) { return false; }
  // What to throw for a refusal.
  virtual Error refusal(const HttpResponse& response) {
    return status_error("reading " + name(), response);
  }
};

// A URL with the caller's headers. A redirect is followed once and then asked directly, without
// the headers where the origin is another, until that is refused.
std::shared_ptr<RemoteTarget> create_url_target(const std::string& url, const HttpHeaders& headers);

}  // namespace ferrum
