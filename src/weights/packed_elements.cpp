#include "weights/packed_elements.h"

namespace ferrum {

void ElementUnpacker::take(std::span<const std::byte> bytes,
                           FunctionRef<void(std::span<const std::byte>)> sink) {
  size_t filled = 0;
  const auto flush = [&] {
    if (filled > 0) sink({codes_.data(), filled});
    filled = 0;
  };
  for (const std::byte byte : bytes) {
    pending_ |= std::to_integer<uint32_t>(byte) << pending_bits_;
    for (pending_bits_ += 8; pending_bits_ >= bits_; pending_bits_ -= bits_, pending_ >>= bits_) {
      if (skipped_ > 0) {
        --skipped_;
      } else if (left_ > 0) {
        --left_;
        codes_[filled++] = static_cast<std::byte>(pending_ & ((1u << bits_) - 1));
        if (filled == codes_.size()) flush();
      }
    }
  }
  flush();
}

void pack_elements(DataType dtype, const std::byte* codes, int64_t count, std::byte* out) {
  const int bits = bits_of(dtype);
  uint32_t pending = 0;
  int pending_bits = 0;
  for (int64_t i = 0; i < count; ++i) {
    pending |= std::to_integer<uint32_t>(codes[i]) << pending_bits;
    for (pending_bits += bits; pending_bits >= 8; pending_bits -= 8, pending >>= 8) {
      *out++ = static_cast<std::byte>(pending & 0xff);
    }
  }
  if (pending_bits > 0) *out = static_cast<std::byte>(pending);
}

}  // namespace ferrum
