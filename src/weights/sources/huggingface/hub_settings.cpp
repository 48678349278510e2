#include "weights/sources/huggingface/hub_settings.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "ferrum/types/error.h"
#include "weights/disk.h"
#include "weights/downloads/cache_folders.h"
#include "weights/http/url.h"

namespace ferrum {
namespace {

bool is_true(const char* name) {
  std::string value = environment(name);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::chrono::seconds seconds_of(const char* name, std::chrono::seconds otherwise) {
  const std::string text = environment(name);
  if (text.empty()) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(name) + " is '" + text + "', not a number of seconds from 1 on");
  }
  return std::chrono::seconds(value);
}

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string read_token() {
  if (is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return {};
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (std::string token = trimmed(environment(name)); !token.empty()) return token;
  }
  try {
    const std::string path = environment("HF_TOKEN_PATH");
    return trimmed(
        read_file(path.empty() ? hub_home() / "token" : expand_home(path), kMaxRecordBytes));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return {};  // not logged in
    throw;
  }
}

}  // namespace

HubSettings read_hub_settings(int download_timeout_seconds) {
  HubSettings settings;
  if (std::string endpoint = environment("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    try {
      check_http_url(endpoint);
    } catch (const Error& error) {
      throw error.with_context("HF_ENDPOINT");
    }
    settings.endpoint = std::move(endpoint);
  }
  settings.token = read_token();
  settings.offline = is_true("HF_HUB_OFFLINE") || is_true("TRANSFORMERS_OFFLINE");
  settings.etag_timeout = seconds_of("HF_HUB_ETAG_TIMEOUT", settings.etag_timeout);
  settings.download_timeout =
      seconds_of("HF_HUB_DOWNLOAD_TIMEOUT", std::chrono::seconds(download_timeout_seconds));
  return settings;
}

}  // namespace ferrum
