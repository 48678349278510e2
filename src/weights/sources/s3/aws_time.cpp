#include "weights/sources/s3/aws_time.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

// Nanoseconds in 64 bits end in the year 2262.
SystemTime to_time(std::tm utc) {
  utc.tm_year = std::clamp(utc.tm_year, 70, 300);
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

}  // namespace

SystemTime parse_aws_time(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest && *rest == '.') {
    ++rest;
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  const std::string zone = rest ? rest : "";
  if (zone != "Z" && zone != "+00:00") {
    throw Error(ErrorCode::kInvalidFormat, "an expiration that is not a time in UTC");
  }
  return to_time(utc);
}

std::optional<SystemTime> parse_http_date(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &utc);
  if (!rest || std::string(rest) != " GMT") return std::nullopt;
  return to_time(utc);
}

std::string aws_timestamp(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 17> text;
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

}  // namespace ferrum
