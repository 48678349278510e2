#pragma once
// One request and its response on one libcurl handle, without redirects.

#include <curl/curl.h>

#include <memory>
#include <stop_token>
#include <string>

#include "weights/http/http_client.h"

namespace ferrum {

// Where a handle's connections lie. Not thread-safe; made once, used for many transfers.
class CurlHandle {
 public:
  CurlHandle();  // throws kResourceExhausted
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  // As HttpClient::send does, but for `redirects`.
  HttpResponse send(const HttpRequest& request, const HttpLimits& limits, std::stop_token stop,
                    const HttpSink& sink);

  std::string origin;  // of its last transfer

 private:
  CURLM* multi_;
  CURL* easy_;
};

}  // namespace ferrum
