#pragma once
// Fields of a binary record, one after the other, little-endian.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "ferrum/types/error.h"

namespace ferrum {

static_assert(std::endian::native == std::endian::little, "fields are used as they lie");

class RecordCursor {
 public:
  // `what` names the record in messages; both are borrowed.
  RecordCursor(std::string_view bytes, const std::string& what) : rest_(bytes), what_(what) {}

  uint16_t u16() { return field<uint16_t>(); }
  uint32_t u32() { return field<uint32_t>(); }
  // A 64-bit size or offset.
  int64_t i64() {
    const auto value = field<uint64_t>();
    if (value > INT64_MAX) {
      throw Error(ErrorCode::kInvalidFormat, what_ + " has an impossible size");
    }
    return static_cast<int64_t>(value);
  }
  std::string_view text(size_t bytes) {
    if (bytes > rest_.size()) throw Error(ErrorCode::kInvalidFormat, what_ + " is cut short");
    const std::string_view result = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return result;
  }
  void skip(size_t bytes) { text(bytes); }
  size_t left() const { return rest_.size(); }

 private:
  template <class T>
  T field() {
    T value;
    std::memcpy(&value, text(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::string_view rest_;
  const std::string& what_;
};

}  // namespace ferrum
