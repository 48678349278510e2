#pragma once
// What cannot be addressed, as a remote file: every read is a copy, and is counted.

#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

class RangedBytes : public ByteSource {
 public:
  RangedBytes(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}
  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    ++reads_;
    bytes_read_ += static_cast<int64_t>(destination.size());
    std::memcpy(destination.data(), bytes_.data() + offset, destination.size());
  }
  void prefetch(int64_t, int64_t) const override {}

  int reads() const { return reads_; }
  int64_t bytes_read() const { return bytes_read_; }

 private:
  std::string name_, bytes_;
  mutable std::atomic<int> reads_{0};
  mutable std::atomic<int64_t> bytes_read_{0};
};

}  // namespace ferrum
