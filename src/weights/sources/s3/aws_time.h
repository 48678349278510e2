#pragma once
// Times as AWS writes them. Years before 1970 and after 2200 count as these.

#include <chrono>
#include <optional>
#include <string>

namespace ferrum {

using SystemTime = std::chrono::system_clock::time_point;

// "2026-11-23T14:00:00Z", with or without a fraction of seconds. Throws kInvalidFormat.
SystemTime parse_aws_time(const std::string& text);

// "Mon, 23 Nov 2026 14:00:00 GMT"; nothing for anything else.
std::optional<SystemTime> parse_http_date(const std::string& text);

// "20150830T123600Z"
std::string aws_timestamp(SystemTime time);

}  // namespace ferrum
