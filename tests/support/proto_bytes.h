#pragma once
// Messages of Protocol Buffers, field by field, also such as no writer makes.

#include <cstdint>
#include <string>
#include <string_view>

namespace ferrum::test {

inline std::string varint(uint64_t number) {
  std::string bytes;
  for (; number > 127; number >>= 7) bytes += static_cast<char>(number | 128);
  return bytes + static_cast<char>(number);
}

inline std::string field(int number, int kind, std::string_view value) {
  return varint(static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(kind))
      .append(value);
}

inline std::string number_field(int number, uint64_t value) {
  return field(number, 0, varint(value));
}

inline std::string bytes_field(int number, std::string_view bytes) {
  return field(number, 2, varint(bytes.size()).append(bytes));
}

}  // namespace ferrum::test
