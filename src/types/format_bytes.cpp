#include "ferrum/types/format_bytes.h"

#include <array>
#include <cstdio>

namespace ferrum {

std::string format_bytes(int64_t bytes) {
  struct Unit {
    const char* name;
    int decimals;
  };
  static constexpr std::array<Unit, 5> kUnits{
      {{"B", 0}, {"KiB", 1}, {"MiB", 1}, {"GiB", 2}, {"TiB", 2}}};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f %s", kUnits[unit].decimals, value,
                kUnits[unit].name);
  return text.data();
}

}  // namespace ferrum
