#include "ferrum/types/shape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

TEST(Shape, CountsItsElements) {
  EXPECT_EQ(Shape().rank(), 0);
  EXPECT_EQ(Shape().numel(), 1);
  EXPECT_EQ(Shape({2, 3, 4}).numel(), 24);
  EXPECT_EQ(Shape({2, 0, 4}).numel(), 0);
  EXPECT_EQ(Shape({2, 3, 4})[1], 3);
  EXPECT_EQ(to_string(Shape({2, 3})), "[2, 3]");
  EXPECT_EQ(to_string(Shape()), "[]");
}

TEST(Shape, RefusesWhatCannotBe) {
  EXPECT_THROW(Shape({2, -1}), Error);
  EXPECT_THROW(Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);
  EXPECT_THROW(Shape({int64_t{1} << 32, int64_t{1} << 31}), Error);
  EXPECT_THROW(Shape({int64_t{1} << 40, int64_t{1} << 40, 0}), Error);
  EXPECT_EQ(Shape({int64_t{1} << 31, int64_t{1} << 31}).numel(), int64_t{1} << 62);
}

TEST(Shape, EqualWhenRankAndExtentsAre) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2, 3}), Shape({2, 3, 1}));
  EXPECT_NE(Shape(), Shape({0}));
}

TEST(Shape, NegativeDimensionsCountFromTheEnd) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.resolve_dim(0), 0);
  EXPECT_EQ(shape.resolve_dim(-1), 2);
  EXPECT_EQ(shape.resolve_dim(-3), 0);
  EXPECT_THROW(shape.resolve_dim(3), Error);
  EXPECT_THROW(shape.resolve_dim(-4), Error);
  EXPECT_THROW(shape.resolve_dim(INT32_MIN), Error);
  EXPECT_THROW(Shape().resolve_dim(0), Error);
  EXPECT_EQ(shape.with_dim(-2, 7), Shape({2, 7, 4}));
  EXPECT_THROW(shape.with_dim(0, -1), Error);
}

TEST(Shape, BroadcastsAsNumPyDoes) {
  EXPECT_EQ(Shape::broadcast({2, 3}, {3}), Shape({2, 3}));
  EXPECT_EQ(Shape::broadcast({8, 1, 6, 1}, {7, 1, 5}), Shape({8, 7, 6, 5}));
  EXPECT_EQ(Shape::broadcast({}, {2, 3}), Shape({2, 3}));
  EXPECT_EQ(Shape::broadcast({2, 0}, {1}), Shape({2, 0}));
  EXPECT_EQ(Shape::broadcast({1}, {0}), Shape({0}));
  EXPECT_THROW(Shape::broadcast({2, 3}, {2}), Error);
  EXPECT_THROW(Shape::broadcast({0}, {2}), Error);
}

TEST(Checked, OverflowIsNothing) {
  EXPECT_EQ(checked_add(2, 3), 5);
  EXPECT_EQ(checked_add(INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(checked_add(INT64_MIN, -1), std::nullopt);
  EXPECT_EQ(checked_mul(-4, 5), -20);
  EXPECT_EQ(checked_mul(INT64_MAX, 2), std::nullopt);
  EXPECT_EQ(checked_mul(INT64_MIN, -1), std::nullopt);
}

}  // namespace
}  // namespace ferrum
