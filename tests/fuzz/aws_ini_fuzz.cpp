// Any text as ~/.aws/config: refused with an Error that shows none of it, or sections of settings.

#include <cstdint>
#include <cstdlib>

#include "ferrum/types/error.h"
#include "weights/sources/s3/aws_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    size_t bytes = 0;
    for (const auto& [section, settings] : ferrum::parse_aws_ini(text, "file")) {
      if (section.empty()) std::abort();
      for (const auto& [key, value] : settings) {
        if (key.empty() || value.find('\n') != value.npos) std::abort();
        bytes += value.size();
      }
    }
    if (bytes > size) std::abort();
  } catch (const ferrum::Error& error) {
    if (error.message().size() > 100) std::abort();
  }
  return 0;
}
