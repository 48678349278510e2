#pragma once
// Raw deflate (RFC 1951), forwards and in chunks, by zlib.

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
  // The whole stream is to yield `bytes`. `what` names it in messages. Throws kResourceExhausted.
  Inflater(int64_t bytes, std::string what);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  int64_t position() const { return position_; }  // bytes inflated so far

  // What comes next: [begin, end) is wanted, from position() on.
  void want(int64_t begin, int64_t end);
  // All that was wanted has been handed out and, at the end of the stream, its end was seen.
  bool done() const { return position_ == end_ && (end_ < bytes_ || ended_); }

  // Takes deflated bytes until done, and returns how many it took. Hands what is wanted of their
  // content to `sink`, in chunks of 256 KiB and a rest. Throws kInvalidFormat for damage, and for
  // more or fewer bytes than were to come.
  size_t feed(std::span<const std::byte> deflated,
              FunctionRef<void(std::span<const std::byte>)> sink);

  uint32_t crc32() const { return crc_; }  // of all bytes so far
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  size_t inflate_some();
  void hand_out(FunctionRef<void(std::span<const std::byte>)> sink);

  z_stream stream_{};
  std::vector<std::byte> chunk_;
  size_t filled_ = 0;  // of chunk_, not handed out yet
  int64_t bytes_, begin_ = 0, end_ = 0, position_ = 0;
  uint32_t crc_ = 0;
  bool ended_ = false;
  std::string what_;
};

}  // namespace ferrum
