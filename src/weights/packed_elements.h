#pragma once
// Elements of less than a byte, taken apart into codes of a byte each and put together again. The
// elements of a tensor follow each other in its bytes from the lowest bit of the first on.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ferrum/types/dtype.h"
#include "ferrum/types/function_ref.h"

namespace ferrum {

// Bytes of an element on its own: of one code where it is packed.
inline int64_t unpacked_bytes(DataType dtype) { return (bits_of(dtype) + 7) / 8; }

// Takes bytes apart as they come.
class ElementUnpacker {
 public:
  // The first `skipped` elements go nowhere; `count` that follow do.
  ElementUnpacker(DataType dtype, int64_t skipped, int64_t count)
      : bits_(bits_of(dtype)), skipped_(skipped), left_(count) {}
  void take(std::span<const std::byte> bytes, FunctionRef<void(std::span<const std::byte>)> sink);

 private:
  const int bits_;
  int64_t skipped_, left_;
  uint32_t pending_ = 0;  // bits of an element that is not whole yet
  int pending_bits_ = 0;
  std::array<std::byte, 16384> codes_;
};

// `count` codes to the bytes at `out`, the first of them to a byte's lowest bit.
void pack_elements(DataType dtype, const std::byte* codes, int64_t count, std::byte* out);

}  // namespace ferrum
