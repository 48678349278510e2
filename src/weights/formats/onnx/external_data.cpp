#include "weights/formats/onnx/external_data.h"

#include <charconv>
#include <optional>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

constexpr const char* kLocation = "location";
constexpr const char* kOffset = "offset";
constexpr const char* kLength = "length";
constexpr const char* kChecksum = "checksum";

using Entries = std::map<std::string, std::string, std::less<>>;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat, "its external data " + why);
}

// Digits alone: no sign, space, fraction or exponent.
std::optional<int64_t> find_number(const Entries& entries, const char* key) {
  const auto it = entries.find(key);
  if (it == entries.end()) return std::nullopt;
  const std::string& text = it->second;
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || text[0] == '-') {
    refuse("has the " + std::string(key) + " " + quote_json(text) +
           ", not a plain number of 63 bits");
  }
  return value;
}

std::string find_text(const Entries& entries, const char* key) {
  const auto it = entries.find(key);
  return it == entries.end() ? "" : it->second;
}

}  // namespace

bool is_external_data_key(const std::string& key) {
  return key == kLocation || key == kOffset || key == kLength || key == kChecksum;
}

ExternalData parse_external_data(const Entries& entries, int64_t tensor_bytes) {
  ExternalData data{find_text(entries, kLocation), find_number(entries, kOffset).value_or(0),
                    find_text(entries, kChecksum)};
  while (data.location.starts_with("./")) data.location.erase(0, 2);
  if (data.location.empty()) refuse("names no location");
  const int64_t length = find_number(entries, kLength).value_or(tensor_bytes);
  if (length != tensor_bytes) {
    refuse("has " + std::to_string(length) + " bytes, its shape and type need " +
           std::to_string(tensor_bytes));
  }
  if (!checked_add(data.offset, length)) {
    refuse("of " + std::to_string(length) + " bytes at " + std::to_string(data.offset) +
           " does not end in 63 bits");
  }
  return data;
}

}  // namespace ferrum
