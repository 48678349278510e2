#pragma once
// Short questions to a server, asked again where it did not answer.

#include <stop_token>

#include "weights/http/http_client.h"

namespace ferrum {

// As HttpClient::send, up to `attempts` times while the connection breaks or the status says that
// the server is busy (408, 425, 429, 5xx); gives back the last response. Waits longer each time, or
// as long as Retry-After says unless that is more than 10 seconds.
HttpResponse send_with_retries(HttpClient& client, const HttpRequest& request,
                               const HttpLimits& limits, int attempts, std::stop_token stop);

}  // namespace ferrum
