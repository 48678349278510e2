#include "ferrum/types/device.h"

#include <algorithm>
#include <charconv>

#include "ferrum/types/error.h"

namespace ferrum {

std::string to_string(const Device& device) {
  if (device == Device::cpu()) return "cpu";
  return device.kind + ":" + std::to_string(device.index);
}

Device parse_device(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const bool named = !kind.empty() && std::all_of(kind.begin(), kind.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  int index = 0;
  bool indexed = true;
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    indexed = error == std::errc{} && end == digits.data() + digits.size() && digits[0] != '-';
  }
  if (!named || !indexed) {
    throw Error(ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is not a device",
                "write a kind and an index, such as cpu or cuda:0");
  }
  return {std::string(kind), index};
}

}  // namespace ferrum
