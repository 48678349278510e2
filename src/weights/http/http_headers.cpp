#include "weights/http/http_headers.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

unsigned char to_lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return to_lower(x) == to_lower(y);
  });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
           kMarks.find(static_cast<char>(c)) != kMarks.npos;
  });
}

bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!same_name(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

const std::string* HttpHeaders::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (same_name(field.first, name)) return &field.second;
  }
  return nullptr;
}

void HttpHeaders::set(std::string name, std::string value) {
  erase(name);
  add(std::move(name), std::move(value));
}

void HttpHeaders::erase(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return same_name(field.first, name); });
}

void check_header_field(std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    throw Error(ErrorCode::kInvalidArgument, "a header has a name that HTTP does not allow",
                "names are letters, digits and dashes");
  }
  if (!is_value(value)) {
    throw Error(ErrorCode::kInvalidArgument,
                "header '" + std::string(name) + "' has a control character in its value");
  }
}

std::optional<HttpHeaders::Field> parse_header_line(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == line.npos) return std::nullopt;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_token(name) || !is_value(value)) return std::nullopt;
  return HttpHeaders::Field(name, value);
}

std::optional<int> parse_status_line(std::string_view line) {
  if (!take_prefix(line, "HTTP/")) return std::nullopt;
  const size_t blank = line.find(' ');
  if (blank == line.npos) return std::nullopt;
  line = trim(line.substr(blank));
  const auto code = parse_decimal(line.substr(0, line.find(' ')));
  if (!code || *code < 100 || *code > 999) return std::nullopt;
  return static_cast<int>(*code);
}

std::optional<int64_t> parse_decimal(std::string_view text) {
  if (text.empty() || text[0] == '-') return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ContentRange> parse_content_range(std::string_view value) {
  value = trim(value);
  if (!take_prefix(value, "bytes ")) return std::nullopt;
  value = trim(value);
  const size_t slash = value.find('/');
  if (slash == value.npos) return std::nullopt;
  const std::string_view range = value.substr(0, slash);
  const std::string_view size = value.substr(slash + 1);

  ContentRange result;
  if (size != "*") {
    result.size = parse_decimal(size);
    if (!result.size) return std::nullopt;
  }
  if (range != "*") {
    const size_t dash = range.find('-');
    if (dash == range.npos) return std::nullopt;
    const auto first = parse_decimal(range.substr(0, dash));
    const auto last = parse_decimal(range.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    if (result.size && *last >= *result.size) return std::nullopt;
    result.range = {*first, *last};
  }
  if (!result.range && !result.size) return std::nullopt;
  return result;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::system_clock::time_point now) {
  using std::chrono::seconds;
  constexpr int64_t kLongest = int64_t{1} << 31;  // beyond any use, and safe to add to a time
  value = trim(value);
  if (const auto count = parse_decimal(value)) return seconds(std::min(*count, kLongest));
  if (!is_value(value)) return std::nullopt;
  const time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date == -1) return std::nullopt;
  const int64_t wait = int64_t{date} - std::chrono::system_clock::to_time_t(now);
  return seconds(std::clamp<int64_t>(wait, 0, kLongest));
}

std::optional<EntityTag> parse_etag(std::string_view value) {
  value = trim(value);
  EntityTag tag;
  if (value.substr(0, 2) == "W/") {
    tag.weak = true;
    value.remove_prefix(2);
  }
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  if (quoted) value = value.substr(1, value.size() - 2);
  if ((value.empty() && !quoted) || !is_value(value) || value.find('"') != value.npos) {
    return std::nullopt;
  }
  tag.value = value;
  return tag;
}

}  // namespace ferrum
