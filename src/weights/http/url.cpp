#include "weights/http/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}

Url parse_url(std::string_view text, unsigned flags = 0) {
  Url url(curl_url(), &curl_url_cleanup);
  if (!is_clean(text) || curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(),
                             flags | CURLU_PATH_AS_IS) != CURLUE_OK) {
    return Url(nullptr, &curl_url_cleanup);
  }
  return url;
}

std::string part(const Url& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

Url parse_known_url(const std::string& text) {
  Url url = parse_url(text, CURLU_NON_SUPPORT_SCHEME);
  if (!url) throw Error(ErrorCode::kInvalidArgument, "a URL is malformed");
  return url;
}

}  // namespace

std::string redact_url(std::string_view text) {
  const Url url = parse_url(text, CURLU_NON_SUPPORT_SCHEME);
  if (!url) return "(not a URL)";
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                 CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    curl_url_set(url.get(), secret, nullptr, 0);
  }
  return part(url, CURLUPART_URL);
}

void check_http_url(const std::string& text) {
  const Url url = parse_url(text, CURLU_NON_SUPPORT_SCHEME);
  const std::string scheme = url ? part(url, CURLUPART_SCHEME) : "";
  if (scheme != "http" && scheme != "https") {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + redact_url(text) + "' is not a URL of http or https",
                "write it as https://host/path, with blanks as %20");
  }
  if (find_invalid_utf8(text)) {
    throw Error(ErrorCode::kInvalidArgument, "a URL with bytes that are no UTF-8",
                "write them as %XX");
  }
}

std::string resolve_url(const std::string& base, const std::string& reference) {
  const Url url = parse_known_url(base);
  if (!is_clean(reference) ||
      curl_url_set(url.get(), CURLUPART_URL, reference.c_str(),
                   CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS) != CURLUE_OK) {
    throw Error(ErrorCode::kInvalidArgument, "a URL beside " + redact_url(base) + " is malformed");
  }
  return part(url, CURLUPART_URL);
}

std::string origin_of(const std::string& text) {
  const Url url = parse_known_url(text);
  std::string host = part(url, CURLUPART_HOST);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return part(url, CURLUPART_SCHEME) + "://" + host + ":" +
         part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string path_of(const std::string& text) {
  return part(parse_known_url(text), CURLUPART_PATH);
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || keep.find(static_cast<char>(c)) != keep.npos) {
      result += static_cast<char>(c);
    } else {
      result += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return result;
}

}  // namespace ferrum
