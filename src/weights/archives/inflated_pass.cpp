#include "weights/archives/inflated_pass.h"

#include <algorithm>
#include <utility>

namespace ferrum {

InflatedPass::InflatedPass(const ByteSource& source, const ZipArchive::Entry& entry, int64_t data,
                           std::string what)
    : source_(source),
      data_(data),
      deflated_bytes_(entry.compressed_bytes),
      bytes_(entry.bytes),
      crc32_(entry.crc32),
      inflater_(entry.bytes, std::move(what)) {}

void InflatedPass::stream(int64_t begin, int64_t end,
                          FunctionRef<void(std::span<const std::byte>)> sink) {
  inflater_.want(begin, end);
  while (!inflater_.done()) {
    const int64_t left = deflated_bytes_ - taken_, wanted = end - position();
    if (left == 0) inflater_.refuse("ends in the middle of its deflated bytes");
    // Deflate lengthens what it cannot shorten, by less than a thousandth and a description of how.
    constexpr int64_t kSlack = int64_t{2} << 10;
    const int64_t count = wanted < left ? std::min(left, wanted + wanted / 1000 + kSlack) : left;
    source_.stream(data_ + taken_, count, [&](std::span<const std::byte> deflated) {
      taken_ += static_cast<int64_t>(inflater_.feed(deflated, sink));
    });
  }
  if (end < bytes_) return;
  if (taken_ != deflated_bytes_) inflater_.refuse("goes on after the end of its deflated bytes");
  if (inflater_.crc32() != crc32_) {
    inflater_.refuse("has another CRC-32 than the directory says");
  }
}

}  // namespace ferrum
