#pragma once
// safetensors files made by hand, well formed or not.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ferrum {

inline std::string safetensors_bytes(uint64_t header_bytes, std::string_view rest) {
  std::string file(sizeof(header_bytes), '\0');
  std::memcpy(file.data(), &header_bytes, sizeof(header_bytes));
  return file.append(rest);
}

inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return safetensors_bytes(header.size(), std::string(header).append(data));
}

}  // namespace ferrum
