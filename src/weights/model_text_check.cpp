#include "weights/model_text_check.h"

#include <span>

#include "ferrum/types/error.h"
#include "weights/foreign_content.h"

namespace ferrum {

void check_model_text_size(const std::string& path, int64_t size, int64_t max_bytes) {
  if (size <= max_bytes) return;
  throw Error(ErrorCode::kInvalidFormat, path + " has " + std::to_string(size) +
                                             " bytes, at most " + std::to_string(max_bytes) +
                                             " are read");
}

void check_model_text(const std::string& path, std::string_view text) {
  const auto foreign = recognise_foreign(std::as_bytes(std::span(text)));
  if (foreign) {
    throw Error(ErrorCode::kInvalidFormat, path + " is " + foreign->what, foreign->remedy);
  }
}

}  // namespace ferrum
