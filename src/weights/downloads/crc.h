#pragma once
// Cyclic redundancy checks as servers keep them of whole objects: CRC-32, CRC-32C, CRC-64/NVME.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ferrum {

// One that takes the lowest bit first, with all bits set before and inverted after, as these three
// do.
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

// What bytes that arrive in pieces must come to.
struct ExpectedCrc {
  Crc crc;             // of the bytes so far
  uint64_t value = 0;  // of all
};

}  // namespace ferrum
