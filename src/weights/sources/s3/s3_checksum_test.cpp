#include "weights/sources/s3/s3_checksum.h"

#include <gtest/gtest.h>

namespace ferrum {
namespace {

TEST(S3ChecksumTest, Base64) {
  EXPECT_EQ(base64_to_hex("y/Q5Jg=="), "cbf43926");
  EXPECT_EQ(base64_to_hex("AP8Q"), "00ff10");
  for (const std::string bad : {"", "y/Q5Jg", "y/Q5J***", "-5"}) EXPECT_FALSE(base64_to_hex(bad));
}

}  // namespace
}  // namespace ferrum
