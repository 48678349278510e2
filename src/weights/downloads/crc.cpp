#include "weights/downloads/crc.h"

#include <cstring>

namespace ferrum {

std::optional<Crc> Crc::find(const std::string& algorithm) {
  if (algorithm == "crc32") return Crc(0xEDB88320, 32);
  if (algorithm == "crc32c") return Crc(0x82F63B78, 32);
  if (algorithm == "crc64nvme") return Crc(0x9A6C9329AC4BC9B5, 64);
  return std::nullopt;
}

// Table k holds the effect of a byte that k further bytes follow, so that eight are taken at once.
Crc::Crc(uint64_t polynomial, int bits) : mask_(~uint64_t{0} >> (64 - bits)), state_(mask_) {
  auto tables = std::make_shared<Tables>();
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
    (*tables)[0][byte] = crc;
  }
  for (size_t k = 1; k < tables->size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = (*tables)[k - 1][byte];
      (*tables)[k][byte] = (before >> 8) ^ (*tables)[0][before & 255];
    }
  }
  tables_ = std::move(tables);
}

void Crc::update(std::span<const std::byte> bytes) {
  const Tables& tables = *tables_;
  uint64_t crc = state_;
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);  // little-endian hosts, as all that ferrum runs on
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][word >> (8 * i) & 255];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ tables[0][(crc ^ std::to_integer<uint64_t>(byte)) & 255];
  }
  state_ = crc;
}

uint64_t Crc::value() const { return state_ ^ mask_; }

}  // namespace ferrum
