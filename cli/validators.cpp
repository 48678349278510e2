#include "cli/validators.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"

namespace ferrum::cli {
namespace {

// 1 for none and "b", 1024 for "k", "kb", "kib", and so on in any case; nothing for another word.
std::optional<double> bytes_in_unit(std::string_view unit) {
  std::string name;
  for (const char c : unit) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.empty() || name == "b") return 1;
  double bytes = 1;
  for (const char prefix : {'k', 'm', 'g', 't', 'p', 'e'}) {
    bytes *= 1024;
    for (const char* end : {"", "b", "ib"}) {
      if (name == prefix + std::string(end)) return bytes;
    }
  }
  return std::nullopt;
}

std::optional<int64_t> parse_size(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  const size_t digits = text.find_first_not_of("0123456789.");
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + std::min(digits, text.size())) {
    return std::nullopt;
  }
  const char* unit = parsed.ptr;
  while (unit != end && *unit == ' ') ++unit;
  const auto scale = bytes_in_unit({unit, static_cast<size_t>(end - unit)});
  constexpr double kTooMany = 9223372036854775808.0;  // 2^63
  if (!scale || value * *scale >= kTooMany) return std::nullopt;
  return static_cast<int64_t>(value * *scale);
}

}  // namespace

CLI::Validator size_in_bytes() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const std::optional<int64_t> bytes = parse_size(text);
        if (!bytes) return "'" + text + "' is not a size such as 50GB, 1.5GB or 800MB";
        text = std::to_string(*bytes);
        return {};
      },
      "");
}

CLI::Validator integer_in(int64_t low, int64_t high) {
  const std::string range = std::to_string(low) + " to " + std::to_string(high);
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        int64_t value = 0;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, value);
        const bool good = parsed.ec == std::errc{} && parsed.ptr == end;
        if (good && value >= low && value <= high) return {};
        return "'" + text + "' is not a whole number from " + range;
      },
      "");
}

CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) -> std::string { return text.empty() ? "it is empty" : ""; }, "");
}

std::vector<std::string> split(const std::string& text, char mark) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == mark) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

void check_utf8(std::string_view text, const std::string& what) {
  if (const std::optional<size_t> bad = find_invalid_utf8(text)) {
    throw Error(ErrorCode::kInvalidArgument,
                what + " is not valid UTF-8: byte " + std::to_string(*bad) + " begins no character",
                "convert it first, for example with iconv -f latin1 -t utf-8");
  }
}

}  // namespace ferrum::cli
