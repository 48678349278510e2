#pragma once
// A byte source with the troubles of a network: it ends early, waits, or holds other bytes.

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "ferrum/types/error.h"
#include "ferrum/weights/byte_source.h"

namespace ferrum::test {

class ScriptedSource : public ByteSource {
 public:
  explicit ScriptedSource(std::string bytes) : bytes_(std::move(bytes)) {}

  int64_t fail_at = -1;                // reading from there on throws kIo
  std::chrono::microseconds delay{0};  // before each chunk

  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    std::this_thread::sleep_for(delay);
    if (fail_at >= 0 && offset + static_cast<int64_t>(destination.size()) > fail_at) {
      throw Error(ErrorCode::kIo, "the connection was cut");
    }
    std::memcpy(destination.data(), bytes_.data() + offset, destination.size());
  }
  void prefetch(int64_t offset, int64_t bytes) const override { check_range(offset, bytes); }

 private:
  std::string name_ = "scripted source";
  std::string bytes_;
};

// The same every time, and of no period that a chunk could hide.
inline std::string pattern_bytes(size_t count, unsigned seed = 1) {
  std::string bytes(count, '\0');
  unsigned state = seed;
  for (char& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace ferrum::test
