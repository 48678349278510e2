#pragma once
// What a refusal of the Hub means, and what to do about it.

#include <string>

#include "weights/http/http_client.h"
#include "weights/sources/huggingface/hub_client.h"

namespace ferrum {

HubError hub_error(const HubLocation& location, const HubSettings& settings,
                   const HttpResponse& response);

}  // namespace ferrum
