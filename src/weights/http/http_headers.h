#pragma once
// Header fields of HTTP (RFC 9110) and the values that ranged reading lives on.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferrum {

// Fields in their order. Names are compared without case.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}

  // The first field of that name, or null.
  const std::string* find(std::string_view name) const;
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void set(std::string name, std::string value);  // in place of all fields of that name
  void erase(std::string_view name);
  void clear() { fields_.clear(); }

  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// Throws kInvalidArgument, naming the field but not its value, for a name that is no token or a
// value with a line break: either would smuggle in a further field.
void check_header_field(std::string_view name, std::string_view value);

// "Name: value" with its line break or without. Null for a line that is no field.
std::optional<HttpHeaders::Field> parse_header_line(std::string_view line);

// "HTTP/1.1 206 Partial Content": 206. Null for a line that is no status line.
std::optional<int> parse_status_line(std::string_view line);

// A decimal number of digits alone. Null for anything else, or one beyond int64_t.
std::optional<int64_t> parse_decimal(std::string_view text);

// "bytes 0-99/1000", "bytes 0-99/*", "bytes */1000".
struct ContentRange {
  std::optional<std::pair<int64_t, int64_t>> range;  // first and last byte; 0 <= first <= last
  std::optional<int64_t> size;                       // > last
  bool operator==(const ContentRange&) const = default;
};
std::optional<ContentRange> parse_content_range(std::string_view value);

// Seconds from now, or a date: how long to wait from `now` on, at least 0.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::system_clock::time_point now);

// "\"x\"" and "W/\"x\"". A value without quotes, which servers send too, is taken as it is.
struct EntityTag {
  std::string value;  // without quotes
  bool weak = false;
  bool operator==(const EntityTag&) const = default;
};
std::optional<EntityTag> parse_etag(std::string_view value);

}  // namespace ferrum
