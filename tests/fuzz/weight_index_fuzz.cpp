// Any text as the index of a sharded checkpoint: refused with an Error, or all names stay inside.

#include <cstdint>
#include <cstdlib>

#include "ferrum/types/error.h"
#include "weights/weight_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& [tensor, file] : ferrum::parse_weight_index(text, "index")) {
      if (file.empty() || file[0] == '/' || file.find('\\') != std::string::npos ||
          ("/" + file + "/").find("/../") != std::string::npos) {
        std::abort();
      }
    }
  } catch (const ferrum::Error&) {
  }
  return 0;
}
