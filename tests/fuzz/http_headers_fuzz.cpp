// Any lines as what a server sends: refused, or values within their bounds.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "ferrum/types/error.h"
#include "weights/http/http_headers.h"
#include "weights/http/url.h"

namespace ferrum {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void read_value(std::string_view value) {
  if (const auto number = parse_decimal(value)) check(*number >= 0);
  if (const auto range = parse_content_range(value)) {
    check(range->range || range->size);
    if (range->range) {
      check(range->range->first >= 0 && range->range->first <= range->range->second);
      check(!range->size || range->range->second < *range->size);
    }
  }
  const auto now = std::chrono::system_clock::from_time_t(784111777);
  if (const auto wait = parse_retry_after(value, now)) check(wait->count() >= 0);
  if (const auto tag = parse_etag(value)) check(tag->value.find('"') == std::string::npos);
  const std::string shown = redact_url(value);
  check(shown.find_first_of("?#\r\n") == std::string::npos);
  try {
    const std::string target = resolve_url("https://user:secret@host:1/a/b?c#d",
                                           std::string(value));
    check_http_url(target);
    check(origin_of(target).starts_with("http"));
  } catch (const Error&) {
  }
}

void read_line(std::string_view line) {
  if (const auto status = parse_status_line(line)) check(*status >= 100 && *status <= 999);
  if (const auto field = parse_header_line(line)) {
    check_header_field(field->first, field->second);  // what is read may be sent
    read_value(field->second);
  }
  read_value(line);
}

}  // namespace
}  // namespace ferrum

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    ferrum::read_line(text.substr(0, end));
    text.remove_prefix(end);
  }
  return 0;
}
