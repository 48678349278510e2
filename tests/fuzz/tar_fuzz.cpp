// Any bytes as a tar archive: refused with an Error, or every file lies inside.

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "ferrum/types/error.h"
#include "weights/archives/tar_archive.h"

namespace {

class FuzzedBytes : public ferrum::ByteSource {
 public:
  FuzzedBytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(size_); }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    std::memcpy(destination.data(), data_ + offset, destination.size());
  }
  void prefetch(int64_t, int64_t) const override {}

 private:
  const uint8_t* data_;
  size_t size_;
  std::string name_ = "fuzz.tar";
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const FuzzedBytes source(data, size);
  try {
    const ferrum::TarArchive archive(source);
    for (const auto& entry : archive.entries()) {
      if (archive.find(entry.name) != &entry) std::abort();
      if (entry.offset < 0 || entry.bytes < 0 || entry.offset > source.size() - entry.bytes) {
        std::abort();
      }
    }
  } catch (const ferrum::Error&) {
  }
  return 0;
}
