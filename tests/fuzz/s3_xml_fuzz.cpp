// Any bytes in the place of a document of S3 or STS: refused with an Error, or within its bounds.

#include <cstdint>
#include <cstdlib>

#include "ferrum/types/error.h"
#include "weights/sources/s3/s3_xml.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <class F>
void parse(F&& work) try {
  work();
} catch (const ferrum::Error& error) {
  require(error.code() == ferrum::ErrorCode::kInvalidFormat);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  parse([&] {
    for (const auto& object : ferrum::parse_s3_listing(xml).objects) {
      require(object.size >= 0 && !object.key.empty() && object.key.size() <= size);
    }
  });
  parse([&] { require(!ferrum::parse_sts_credentials(xml).session_token.empty()); });
  if (const auto error = ferrum::find_s3_error(xml)) {
    for (const std::string* text : {&error->code, &error->message, &error->region}) {
      require(text->size() <= 300);
      for (const char c : *text) require(c >= 0x20 && c < 0x7f);
    }
  }
  return 0;
}
