#include "ferrum/types/format_bytes.h"

#include <gtest/gtest.h>

namespace ferrum {
namespace {

TEST(FormatBytes, TakesTheLargestUnitThatIsNotAbove) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(int64_t{100} << 20), "100.0 MiB");
  EXPECT_EQ(format_bytes(int64_t{5} << 28), "1.25 GiB");
  EXPECT_EQ(format_bytes(int64_t{3} << 40), "3.00 TiB");
  EXPECT_EQ(format_bytes(int64_t{1} << 60), "1048576.00 TiB");
}

}  // namespace
}  // namespace ferrum
