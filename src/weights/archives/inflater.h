#pragma once
// Raw deflate (RFC 1951), in chunks, by zlib.

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ferrum/types/function_ref.h"

namespace ferrum {

class Inflater {
 public:
  // The whole stream is to yield `bytes`, of which [begin, end) are wanted. `what` names it in
  // messages. Throws kResourceExhausted.
  Inflater(int64_t bytes, int64_t begin, int64_t end, std::string what);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Takes the next deflated bytes and hands what is wanted of their content to `sink`. Throws
  // kInvalidFormat for damage, and for more bytes than were to come.
  void feed(std::span<const std::byte> deflated,
            FunctionRef<void(std::span<const std::byte>)> sink);

  bool has_all_wanted() const { return position_ >= end_; }
  // Once all is fed: throws kInvalidFormat unless the stream ended with the last byte expected.
  void finish() const;
  uint32_t crc32() const { return crc_; }  // of all bytes so far

 private:
  void take(std::span<const std::byte> chunk, FunctionRef<void(std::span<const std::byte>)> sink);
  [[noreturn]] void refuse(const std::string& why) const;

  z_stream stream_{};
  std::vector<std::byte> chunk_;
  int64_t bytes_, begin_, end_, position_ = 0;
  uint32_t crc_ = 0;
  bool ended_ = false;
  std::string what_;
};

}  // namespace ferrum
