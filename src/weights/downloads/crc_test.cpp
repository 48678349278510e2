#include "weights/downloads/crc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace ferrum {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// The check values of the catalogue of parametrised CRC algorithms.
TEST(CrcTest, CheckValues) {
  const std::string digits = "123456789";
  for (const auto& [algorithm, expected] :
       {std::pair("crc32", uint64_t{0xCBF43926}), std::pair("crc32c", uint64_t{0xE3069283}),
        std::pair("crc64nvme", uint64_t{0xAE8B14860A799888})}) {
    SCOPED_TRACE(algorithm);
    auto crc = Crc::find(algorithm);
    ASSERT_TRUE(crc);
    crc->update(bytes_of(digits));
    EXPECT_EQ(crc->value(), expected);
  }
  EXPECT_FALSE(Crc::find("md5"));
}

TEST(CrcTest, PiecesGiveWhatTheWholeGives) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7 + i / 256);
  auto whole = Crc::find("crc32c");
  auto pieces = Crc::find("crc32c");
  whole->update(bytes_of(text));
  for (size_t at = 0, size = 0; at < text.size(); at += size++) {
    pieces->update(bytes_of(text).subspan(at, std::min(size, text.size() - at)));
  }
  EXPECT_EQ(whole->value(), pieces->value());
}

}  // namespace
}  // namespace ferrum
