#include "weights/archives/inflater.h"

#include <algorithm>
#include <utility>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 18;  // stays in the cache of a core
constexpr int kRawDeflate = -15;                 // no header around it, windows of 32 KiB

}  // namespace

Inflater::Inflater(int64_t bytes, int64_t begin, int64_t end, std::string what)
    : chunk_(kChunkBytes), bytes_(bytes), begin_(begin), end_(end), what_(std::move(what)) {
  if (inflateInit2(&stream_, kRawDeflate) != Z_OK) {
    throw Error(ErrorCode::kResourceExhausted, what_ + ": no memory to inflate it");
  }
}

Inflater::~Inflater() { inflateEnd(&stream_); }

void Inflater::refuse(const std::string& why) const {
  throw Error(ErrorCode::kInvalidFormat, what_ + " " + why, "get the file again; it is damaged");
}

void Inflater::feed(std::span<const std::byte> deflated,
                    FunctionRef<void(std::span<const std::byte>)> sink) {
  if (deflated.empty()) return;
  if (ended_) refuse("goes on after the end of its deflated bytes");
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(deflated.data()));
  stream_.avail_in = static_cast<uInt>(deflated.size());
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(chunk_.data());
    stream_.avail_out = static_cast<uInt>(chunk_.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    take(std::span(chunk_).first(chunk_.size() - stream_.avail_out), sink);
    if (result == Z_STREAM_END) {
      ended_ = true;
      if (stream_.avail_in > 0) refuse("goes on after the end of its deflated bytes");
      return;
    }
    if (result == Z_MEM_ERROR) {
      throw Error(ErrorCode::kResourceExhausted, what_ + ": no memory to inflate it");
    }
    if (result != Z_OK && result != Z_BUF_ERROR) refuse("does not inflate");
  } while (stream_.avail_in > 0 || stream_.avail_out == 0);
}

void Inflater::take(std::span<const std::byte> chunk,
                    FunctionRef<void(std::span<const std::byte>)> sink) {
  const auto count = static_cast<int64_t>(chunk.size());
  if (count > bytes_ - position_) {
    refuse("inflates to more than the " + std::to_string(bytes_) + " bytes that it declares");
  }
  crc_ = static_cast<uint32_t>(::crc32(crc_, reinterpret_cast<const Bytef*>(chunk.data()),
                                       static_cast<uInt>(chunk.size())));
  const int64_t first = std::clamp(begin_ - position_, int64_t{0}, count);
  const int64_t last = std::clamp(end_ - position_, first, count);
  position_ += count;
  if (first == last) return;
  sink(chunk.subspan(static_cast<size_t>(first), static_cast<size_t>(last - first)));
}

void Inflater::finish() const {
  if (!ended_) refuse("ends in the middle of its deflated bytes");
  if (position_ != bytes_) {
    refuse("inflates to " + std::to_string(position_) + " bytes, it declares " +
           std::to_string(bytes_));
  }
}

}  // namespace ferrum
