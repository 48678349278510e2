#include "weights/http/range_cache.h"

#include <gtest/gtest.h>

#include <array>

namespace ferrum {
namespace {

// `count` bytes, each of them `value`.
std::vector<std::byte> bytes(size_t count, int value) {
  return std::vector<std::byte>(count, static_cast<std::byte>(value));
}

TEST(RangeCacheTest, RangesThatFollowEachOtherAreCopiedUpToTheFirstGap) {
  RangeCache cache(100);
  cache.insert(10, bytes(10, 1), 0);
  cache.insert(15, bytes(10, 1), 0);  // in part the same
  cache.insert(25, bytes(5, 2), 0);
  cache.insert(31, bytes(5, 3), 0);
  std::array<std::byte, 40> copy{};
  EXPECT_EQ(cache.copy(12, copy), 18);
  EXPECT_EQ(copy[12], std::byte{1});
  EXPECT_EQ(copy[13], std::byte{2});
  EXPECT_EQ(copy[17], std::byte{2});
  EXPECT_EQ(copy[18], std::byte{0});
  EXPECT_EQ(cache.copy(9, copy), 0);
  EXPECT_EQ(cache.copy(30, copy), 0);
}

TEST(RangeCacheTest, WhatWasUsedLastIsKept) {
  RangeCache cache(100);
  std::array<std::byte, 1> copy{};
  cache.insert(0, bytes(40, 1), 0);
  cache.insert(100, bytes(40, 2), 0);
  EXPECT_EQ(cache.copy(0, copy), 1);
  cache.insert(200, bytes(40, 3), 0);
  EXPECT_EQ(cache.copy(100, copy), 0);
  EXPECT_EQ(cache.copy(0, copy), 1);
  EXPECT_EQ(cache.copy(200, copy), 1);
  cache.insert(300, bytes(200, 4), 0);
  EXPECT_EQ(cache.copy(300, copy), 1) << "the last at any length";
  EXPECT_EQ(cache.copy(200, copy), 0);
}

TEST(RangeCacheTest, ReadingGoesOnWhereItHasBeen) {
  RangeCache cache(1000);
  std::array<std::byte, 10> copy{};
  cache.insert(0, bytes(100, 1), 20);
  EXPECT_EQ(cache.length_read_to(20, 0), 100);
  EXPECT_EQ(cache.length_read_to(100, 10), 0) << "nothing read its end";
  cache.copy(80, copy);
  EXPECT_EQ(cache.length_read_to(20, 0), 0);
  EXPECT_EQ(cache.length_read_to(100, 9), 0);
  EXPECT_EQ(cache.length_read_to(100, 10), 100);
  EXPECT_EQ(cache.length_read_to(80, 10), 100);
  cache.insert(60, bytes(40, 1), 40);
  EXPECT_EQ(cache.length_read_to(100, 0), 40);
  EXPECT_EQ(cache.length_read_to(100, 10), 100) << "the longest";
}

}  // namespace
}  // namespace ferrum
