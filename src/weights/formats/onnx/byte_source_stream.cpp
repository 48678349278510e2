#include "weights/formats/onnx/byte_source_stream.h"

#include <algorithm>
#include <cassert>

namespace ferrum {
namespace {

constexpr int64_t kLeastAhead = int64_t{4} << 10, kMostAhead = int64_t{256} << 10;
constexpr int64_t kMostLent = int64_t{1} << 30;  // sizes are ints

}  // namespace

ByteSourceStream::ByteSourceStream(const ByteSource& source)
    : source_(source), storage_(source.storage()), ahead_(kLeastAhead) {}

void ByteSourceStream::seek(int64_t position) {
  assert(position >= 0 && position <= source_.size());
  if (position < position_ || position - position_ > kLeastAhead) ahead_ = kLeastAhead;
  position_ = position;
}

void ByteSourceStream::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

bool ByteSourceStream::read_ahead(int64_t bytes) try {
  buffer_.resize(static_cast<size_t>(bytes));
  source_.read(position_, buffer_);
  return true;
} catch (...) {
  failure_ = std::current_exception();
  return false;
}

bool ByteSourceStream::Next(const void** data, int* size) {
  const int64_t rest = source_.size() - position_;
  if (rest == 0 || failure_) return false;
  const int64_t bytes = std::min(rest, storage_ ? kMostLent : ahead_);
  if (storage_) {
    *data = static_cast<const std::byte*>(storage_->data()) + position_;
  } else {
    if (!read_ahead(bytes)) return false;
    *data = buffer_.data();
    ahead_ = std::min(2 * ahead_, kMostAhead);
  }
  *size = static_cast<int>(bytes);
  position_ += bytes;
  return true;
}

void ByteSourceStream::BackUp(int count) { position_ -= count; }

bool ByteSourceStream::Skip(int count) {
  const int64_t rest = source_.size() - position_;
  seek(position_ + std::min<int64_t>(count, rest));
  return count <= rest;
}

}  // namespace ferrum
