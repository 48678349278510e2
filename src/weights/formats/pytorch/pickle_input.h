#pragma once
// Bytes of pickles, taken from front to back: from memory, or from a source in growing pieces,
// since a pickle does not say how long it is.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

class PickleInput {
 public:
  // `what` names the bytes in messages.
  PickleInput(std::span<const std::byte> bytes, std::string what);  // borrowed
  PickleInput(const ByteSource& source, int64_t begin, int64_t end, std::string what);
  PickleInput(const PickleInput&) = delete;
  PickleInput& operator=(const PickleInput&) = delete;

  // The next `count` bytes, valid until the next call. Throws kInvalidFormat past the end, before
  // anything is allocated.
  std::span<const std::byte> take(int64_t count) {
    if (count < 0 || count > static_cast<int64_t>(ahead_.size())) refill(count);
    const auto taken = ahead_.first(static_cast<size_t>(count));
    ahead_ = ahead_.subspan(static_cast<size_t>(count));
    return taken;
  }
  // Of the next byte, from the start of the source.
  int64_t position() const { return end_of_ahead_ - static_cast<int64_t>(ahead_.size()); }
  int64_t remaining() const { return end_ - position(); }
  // Passes over bytes that are not read.
  void skip(int64_t count);

  [[noreturn]] void fail(const std::string& why, int64_t position) const;  // kInvalidFormat
  const std::string& what() const { return what_; }

 private:
  void refill(int64_t count);

  const ByteSource* source_ = nullptr;
  std::span<const std::byte> ahead_;  // read and not yet taken
  int64_t end_of_ahead_, end_;        // positions
  std::vector<std::byte> buffer_;
  std::string what_;
};

// Little-endian, as numbers are in pickles and between them.
template <class T>
T take_number(PickleInput& input) {
  T value = 0;
  const auto bytes = input.take(sizeof(T));
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(static_cast<T>(bytes[i]) << (8 * i));
  }
  return value;
}

}  // namespace ferrum
