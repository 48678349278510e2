#include "weights/formats/gguf/gguf_cursor.h"

#include <algorithm>
#include <bit>

#include "ferrum/types/error.h"

namespace ferrum {

static_assert(std::endian::native == std::endian::little, "numbers are used as they lie");

void GgufCursor::fail(const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat,
              source_.name() + " is not a GGUF file that can be read: " + why,
              "download it again; it may be truncated");
}

std::span<const std::byte> GgufCursor::take(int64_t bytes) {
  if (bytes > left()) {
    fail("it ends at byte " + std::to_string(source_.size()) + ", in the middle of its head");
  }
  const int64_t window_end = window_begin_ + static_cast<int64_t>(window_.size());
  if (position_ < window_begin_ || bytes > window_end - position_) {
    window_.resize(static_cast<size_t>(std::min(std::max(bytes, next_window_), left())));
    source_.read(position_, window_);
    window_begin_ = position_;
    next_window_ = std::min(2 * next_window_, kLargestWindow);
  }
  const auto at = static_cast<size_t>(position_ - window_begin_);
  position_ += bytes;
  return std::span(window_).subspan(at, static_cast<size_t>(bytes));
}

std::string GgufCursor::read_text(int64_t max, const std::string& what) {
  const auto length = read<uint64_t>();
  if (length > static_cast<uint64_t>(std::min(max, left()))) {
    fail(what + " has " + std::to_string(length) + " bytes; at most " + std::to_string(max) +
         " are allowed, and " + std::to_string(left()) + " follow");
  }
  const auto bytes = take(static_cast<int64_t>(length));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void GgufCursor::skip_text() {
  const auto length = read<uint64_t>();
  if (length > static_cast<uint64_t>(left())) {
    fail("a text of " + std::to_string(length) + " bytes; " + std::to_string(left()) + " follow");
  }
  position_ += static_cast<int64_t>(length);
}

void GgufCursor::skip(int64_t bytes) {
  if (bytes > left()) {
    fail(std::to_string(bytes) + " bytes of numbers; " + std::to_string(left()) + " follow");
  }
  position_ += bytes;
}

int64_t GgufCursor::read_count(int64_t element_bytes, const std::string& what) {
  const auto count = read<uint64_t>();
  if (count > static_cast<uint64_t>(left() / element_bytes)) {
    fail("it claims " + std::to_string(count) + " " + what + "; the " + std::to_string(left()) +
         " bytes that follow cannot hold them");
  }
  return static_cast<int64_t>(count);
}

}  // namespace ferrum
