#include "cli/validators.h"

#include <charconv>
#include <optional>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"

namespace ferrum::cli {

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

void check_utf8(std::string_view text, const std::string& what) {
  if (const std::optional<size_t> bad = find_invalid_utf8(text)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        what + " is not valid UTF-8: byte " + std::to_string(*bad) + " begins no character",
        "convert it first, for example with iconv -f latin1 -t utf-8");
  }
}

}  // namespace ferrum::cli
