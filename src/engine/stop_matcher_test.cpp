#include "engine/stop_matcher.h"

#include <gtest/gtest.h>

namespace ferrum {
namespace {

TEST(StopMatcher, PassesTextThatCannotBeginAStop) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.push("hello "), "hello ");
  EXPECT_EQ(matcher.push("world"), "world");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcher, HoldsBackWhatMayBecomeAStop) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.push("the E"), "the ");
  EXPECT_EQ(matcher.push("N"), "");
  EXPECT_EQ(matcher.push("emy"), "ENemy");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, CutsBeforeAStopThatArrivesInPieces) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.push("the E"), "the ");
  EXPECT_EQ(matcher.push("ND of it"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.push("more"), "");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcher, TheEarliestOfSeveralWins) {
  StopMatcher matcher({"world", "lo w"});
  EXPECT_EQ(matcher.push("hello world"), "hel");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcher, AStopThatBeginsInsideAFalseStartIsFound) {
  StopMatcher matcher({"aab"});
  EXPECT_EQ(matcher.push("aa"), "");
  EXPECT_EQ(matcher.push("a"), "a");
  EXPECT_EQ(matcher.push("b"), "");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcher, WhatWasHeldBackComesOutAtTheEnd) {
  StopMatcher matcher({"###"});
  EXPECT_EQ(matcher.push("x##"), "x");
  EXPECT_EQ(matcher.finish(), "##");
}

TEST(StopMatcher, EveryCutOfATextGivesTheSame) {
  const std::string text = "abababcabc";
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      StopMatcher matcher({"abc", "cab"});
      std::string out = matcher.push(text.substr(0, first));
      out += matcher.push(text.substr(first, second - first));
      out += matcher.push(text.substr(second));
      EXPECT_EQ(out + matcher.finish(), "abab") << first << " " << second;
      EXPECT_TRUE(matcher.stopped());
    }
  }
}

}  // namespace
}  // namespace ferrum
