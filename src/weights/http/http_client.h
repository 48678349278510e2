#pragma once
// Requests over HTTP/1.1 and TLS, by libcurl.
//
// Certificates are verified, against CURL_CA_BUNDLE or SSL_CERT_FILE where the environment names
// one. Proxies come from the environment, as curl takes them. Bodies are asked for and taken as
// they are: a compressed one is refused.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "ferrum/types/error.h"
#include "weights/http/http_headers.h"

namespace ferrum {

// Which redirects a GET or HEAD follows; those of other methods are given back. Never followed are
// one that leaves http and https, one from https to http, and one that was followed before. Where
// the origin (scheme, host, port) changes, all headers of the request but Range and the conditions
// on it (If-Match, If-Range) stay behind.
enum class Redirects { kFollow, kSameOrigin, kNone };

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // its path is sent as it is written
  HttpHeaders headers;
  std::string body;
  Redirects redirects = Redirects::kFollow;
  bool fresh_connection = false;  // none that an earlier request left open
  bool direct = false;            // past any proxy that the environment names
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string final_url;  // after redirects. Holds secrets: messages show redact_url of it
  std::string body;       // where no sink took it, up to max_body

  bool is_redirect() const;
};

struct HttpLimits {
  std::chrono::milliseconds connect_timeout{30'000};
  // No line of the head and no byte of the body for so long. All in all a response has twice this
  // and a second per KiB, so that a server that dribbles is left in the end.
  std::chrono::milliseconds idle_timeout{30'000};
  int max_redirects = 8;
  int64_t max_body = int64_t{1} << 20;  // of HttpResponse::body
};

// The request got no whole response. The message names the URL, redacted.
class HttpError : public Error {
 public:
  HttpError(const std::string& message, std::string hint, bool is_transient)
      : Error(ErrorCode::kIo, message, std::move(hint)), is_transient_(is_transient) {}
  // Whether the same request may succeed when sent again: a connection that was refused or cut.
  bool is_transient() const { return is_transient_; }

 private:
  bool is_transient_;
};

// Takes a successful (2xx) body in pieces as it arrives, each with status and headers of the
// response. What it throws ends the transfer and leaves `send`.
using HttpSink = std::function<void(const HttpResponse& head, std::span<const std::byte> piece)>;

// Thread-safe; connections are kept and used again.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Gives back a response of any status. Throws HttpError; kCancelled when `stop` is requested,
  // at once; kInvalidArgument for a malformed URL or header.
  HttpResponse send(const HttpRequest& request, const HttpLimits& limits = {},
                    std::stop_token stop = {}, const HttpSink& sink = {});

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

// What to throw for a response that is not the wanted one: kNotFound for 404 and 410, else kIo.
// `asked` begins the message: "reading https://host/path".
Error status_error(const std::string& asked, const HttpResponse& response);

}  // namespace ferrum
