#pragma once
// The checksums that S3 keeps of whole objects: CRC-32, CRC-32C and CRC-64/NVME. (SHA-256 is
// Digest's.)

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ferrum {

// Of the whole object, not of its parts, as the server keeps it beside the object.
struct S3Checksum {
  std::string algorithm;  // "sha256", "crc32", "crc32c", "crc64nvme"
  std::string value;      // base64 of the big-endian number
};

// A cyclic redundancy check that takes the lowest bit first, with all bits set before and inverted
// after, as these three do.
class Crc {
 public:
  // "crc32", "crc32c" or "crc64nvme"; nothing for another name.
  static std::optional<Crc> find(const std::string& algorithm);

  void update(std::span<const std::byte> bytes);
  uint64_t value() const;  // of all bytes so far

 private:
  using Tables = std::array<std::array<uint64_t, 256>, 8>;
  Crc(uint64_t reversed_polynomial, int bits);

  std::shared_ptr<const Tables> tables_;
  uint64_t mask_;
  uint64_t state_;
};

// Hexadecimal digits, two for each byte; nothing for what is not base64.
std::optional<std::string> base64_to_hex(const std::string& text);

}  // namespace ferrum
