#include "weights/tensor_bytes.h"

#include <algorithm>

#include "weights/packed_elements.h"
#include "weights/swap_bytes.h"
#include "weights/windowed_gather.h"

namespace ferrum {
namespace {

// A request costs about as long as so many bytes do.
constexpr int64_t kMaxGap = int64_t{128} << 10;
constexpr int64_t kMappedPiece = int64_t{16} << 20;  // of a mapped file, in memory at once

}  // namespace

TensorBytes::TensorBytes(const WeightReader& reader, std::string_view name, const TensorInfo& info,
                         bool unpacked)
    : reader_(reader), name_(name), stored_(reader.find_stored(name)) {
  if (unpacked && !is_byte_sized(info.dtype)) {
    packed_ = info.dtype;
    view_ = Tensor(extent_storage(info.shape.numel()), info.shape, DataType::kU8);
    return;
  }
  if (!stored_) {
    view_ = Tensor(extent_storage(info.size_bytes), info.shape, info.dtype);
    return;
  }
  if (stored_->swap_bytes) swap_ = swap_step(info.dtype);
  const auto storage = stored_->bytes->storage();
  view_ = storage ? stored_->extent.over(storage) : stored_->extent;
}

void TensorBytes::gather(const Arrangement& arranged, ElementPipeline& pipeline, std::byte* out,
                         FunctionRef<void(int64_t bytes)> done) const {
  if (is_mapped()) {
    const auto* const base = static_cast<const std::byte*>(view_.storage()->data());
    const auto lend = [&](int64_t begin, int64_t end, Sink sink) {
      stored_->bytes->expect(begin, std::min(kMappedPiece, end - begin));
      for (int64_t at = begin; at < end; at += kMappedPiece) {
        const int64_t count = std::min(kMappedPiece, end - at);
        stored_->bytes->expect(at + count, std::min(kMappedPiece, end - at - count));
        sink({base + at, static_cast<size_t>(count)});
        stored_->bytes->release(at, count);
      }
    };
    return gather_in_windows(arranged, pipeline, out, lend, {kMaxGap}, done);
  }
  const auto fetch = [&](int64_t begin, int64_t end, Sink sink) {
    packed_ ? unpack(begin, end, sink) : read(begin, end, sink);
  };
  gather_in_windows(arranged, pipeline, out, fetch, {stored_ ? kMaxGap : INT64_MAX}, done);
}

void TensorBytes::expect(const Tensor& part) const {
  if (!is_mapped()) return;
  stored_->bytes->expect(part.byte_offset(), std::min(kMappedPiece, part.size_bytes()));
}

void TensorBytes::release(const Tensor& part) const {
  if (is_mapped()) stored_->bytes->release(part.byte_offset(), part.size_bytes());
}

void TensorBytes::stream(const Tensor& part, Sink sink) const {
  const int64_t begin = part.byte_offset(), end = begin + part.size_bytes();
  packed_ ? unpack(begin, end, sink) : read(begin, end, sink);
}

void TensorBytes::read(int64_t begin, int64_t end, Sink sink) const {
  stored_ ? stored_->bytes->stream(begin, end - begin, sink)
          : reader_.decode(name_, begin, end, sink);
}

void TensorBytes::unpack(int64_t begin, int64_t end, Sink sink) const {
  const int64_t first = begin / 8 * 8;  // eight elements are whole bytes
  const int64_t base = stored_ ? stored_->extent.byte_offset() : 0;
  ElementUnpacker unpacker(*packed_, begin - first, end - begin);
  read(base + bytes_of(*packed_, first), base + bytes_of(*packed_, end),
       [&](std::span<const std::byte> chunk) { unpacker.take(chunk, sink); });
}

}  // namespace ferrum
