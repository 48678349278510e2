#pragma once
// URLs of http and https (RFC 3986).

#include <string>
#include <string_view>

namespace ferrum {

// What a message may show of a URL: without userinfo, query and fragment, which hold secrets.
// A text that is no URL is shown as "(not a URL)".
std::string redact_url(std::string_view url);

// Throws kInvalidArgument unless `url` is http or https with a host, without control characters.
void check_http_url(const std::string& url);

// `reference` as a Location header or a relative name gives it, seen from `base`. Throws
// kInvalidArgument where that is no URL; its scheme may be any.
std::string resolve_url(const std::string& base, const std::string& reference);

// "https://host:443": scheme, host and port, which decide who may see a secret.
std::string origin_of(const std::string& url);

// The path, still percent-encoded: "/a/b".
std::string path_of(const std::string& url);

// Every byte but A-Z a-z 0-9 - . _ ~ and those of `keep` becomes %XX.
std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace ferrum
