#pragma once
// What the environment says about the Hub, by the variables that its own tools read.

#include <chrono>
#include <string>

namespace ferrum {

struct HubSettings {
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT; without a slash at the end
  std::string token;                                // empty: none. A secret
  bool offline = false;                             // HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE
  std::chrono::seconds etag_timeout{10};            // HF_HUB_ETAG_TIMEOUT: asking what a file is
  std::chrono::seconds download_timeout{30};        // HF_HUB_DOWNLOAD_TIMEOUT, else the config's
};

// The token is $HF_TOKEN, else what lies in $HF_TOKEN_PATH or token in the Hub's home; none with
// HF_HUB_DISABLE_IMPLICIT_TOKEN. Throws kInvalidArgument, naming the variable, for a value that
// makes no sense.
HubSettings read_hub_settings(int download_timeout_seconds);

}  // namespace ferrum
