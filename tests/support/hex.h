#pragma once
// Bytes as expected files write them.

#include <string>
#include <string_view>

namespace ferrum {

inline std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const unsigned char c : bytes) {
    hex += "0123456789abcdef"[c >> 4];
    hex += "0123456789abcdef"[c & 15];
  }
  return hex;
}

}  // namespace ferrum
