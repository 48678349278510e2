#include "weights/archives/inflater.h"

#include <algorithm>
#include <utility>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 18;  // stays in the cache of a core
constexpr int kRawDeflate = -15;                 // no header around it, windows of 32 KiB

}  // namespace

Inflater::Inflater(int64_t bytes, std::string what)
    : chunk_(kChunkBytes), bytes_(bytes), what_(std::move(what)) {
  if (inflateInit2(&stream_, kRawDeflate) != Z_OK) {
    throw Error(ErrorCode::kResourceExhausted, what_ + ": no memory to inflate it");
  }
}

Inflater::~Inflater() { inflateEnd(&stream_); }

void Inflater::refuse(const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat, what_ + " " + why, "get the file again; it is damaged");
}

void Inflater::want(int64_t begin, int64_t end) {
  begin_ = begin;
  end_ = end;
}

size_t Inflater::feed(std::span<const std::byte> deflated,
                      FunctionRef<void(std::span<const std::byte>)> sink) {
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(deflated.data()));
  stream_.avail_in = static_cast<uInt>(deflated.size());
  while (!done()) {
    const size_t count = inflate_some();
    if (count == 0 && !ended_) break;  // for want of bytes
    if (filled_ == chunk_.size() || position_ == begin_ || position_ == end_) hand_out(sink);
  }
  return deflated.size() - stream_.avail_in;
}

// As much as fits, up to where something begins or ends; a byte past the last must not come.
size_t Inflater::inflate_some() {
  const int64_t limit = position_ < begin_ ? begin_ : end_;
  const auto room = static_cast<size_t>(std::clamp<int64_t>(
      limit - position_, 1, static_cast<int64_t>(chunk_.size() - filled_)));
  std::byte* const out = chunk_.data() + filled_;
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = static_cast<uInt>(room);
  const int result = inflate(&stream_, Z_NO_FLUSH);
  if (result == Z_MEM_ERROR) {
    throw Error(ErrorCode::kResourceExhausted, what_ + ": no memory to inflate it");
  }
  if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) refuse("does not inflate");
  const size_t count = room - stream_.avail_out;
  if (static_cast<int64_t>(count) > bytes_ - position_) {
    refuse("inflates to more than the " + std::to_string(bytes_) + " bytes that it declares");
  }
  crc_ = static_cast<uint32_t>(
      ::crc32(crc_, reinterpret_cast<const Bytef*>(out), static_cast<uInt>(count)));
  filled_ += count;
  position_ += static_cast<int64_t>(count);
  ended_ = result == Z_STREAM_END;
  if (ended_ && position_ != bytes_) {
    refuse("inflates to " + std::to_string(position_) + " bytes, it declares " +
           std::to_string(bytes_));
  }
  return count;
}

// What was skipped is dropped.
void Inflater::hand_out(FunctionRef<void(std::span<const std::byte>)> sink) {
  const size_t count = std::exchange(filled_, 0);
  if (position_ > begin_ && count > 0) sink(std::span(chunk_).first(count));
}

}  // namespace ferrum
