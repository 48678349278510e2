#pragma once
// Tar archives byte by byte, also such as no tool would write.

#include <cstdio>
#include <string>

namespace ferrum {

// A header with its sum, and `data` in whole blocks.
inline std::string tar_entry(const std::string& name, const std::string& data, char type = '0',
                             const std::string& size = "") {
  std::string header(512, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  char octal[16];
  std::snprintf(octal, sizeof octal, "%011zo", data.size());
  put(0, name);
  put(124, size.empty() ? octal : size);
  header[156] = type;
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(octal, sizeof octal, "%06o", sum);
  put(148, octal);
  header[154] = '\0';
  return header + data + std::string((512 - data.size() % 512) % 512, '\0');
}

}  // namespace ferrum
