#pragma once
// Reads the head of a GGUF file from front to back, a window at a time: the head of a large
// vocabulary has megabytes, and where it ends is known only when it has been read.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

// Not thread-safe. Throws kInvalidFormat for what reaches past the end of the file.
class GgufCursor {
 public:
  explicit GgufCursor(const ByteSource& source, int64_t position = 0)
      : source_(source), position_(position) {}

  int64_t position() const { return position_; }
  int64_t left() const { return source_.size() - position_; }

  template <class T>
  T read() {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  // A length of 64 bits and as many bytes, at most `max`. `what` says which text, for messages.
  std::string read_text(int64_t max, const std::string& what);
  void skip_text();
  void skip(int64_t bytes);

  // How many elements of at least `element_bytes` follow; not more than can.
  int64_t read_count(int64_t element_bytes, const std::string& what);

  [[noreturn]] void fail(const std::string& why) const;

 private:
  static constexpr int64_t kFirstWindow = 64 << 10;
  static constexpr int64_t kLargestWindow = 4 << 20;

  // The next bytes; valid until the next call.
  std::span<const std::byte> take(int64_t bytes);

  const ByteSource& source_;
  int64_t position_;
  std::vector<std::byte> window_;
  int64_t window_begin_ = 0;
  int64_t next_window_ = kFirstWindow;
};

}  // namespace ferrum
