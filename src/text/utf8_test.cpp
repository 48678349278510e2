#include "text/utf8.h"

#include <gtest/gtest.h>

#include "ferrum/text/utf8.h"

namespace ferrum {
namespace {

std::string repaired(std::string_view bytes) {
  std::string out;
  append_valid_utf8(bytes, out);
  return out;
}

#define FFFD "\xEF\xBF\xBD"

// Tables 3-8 to 3-11 of the Unicode Standard, version 15.
TEST(Utf8, ReplacesMaximalSubparts) {
  EXPECT_EQ(repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A");
  EXPECT_EQ(repaired("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A");
  EXPECT_EQ(repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B");
  EXPECT_EQ(repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), FFFD FFFD FFFD FFFD "A");
}

TEST(Utf8, DrainingByteByByteEqualsRepairingAtOnce) {
  for (const std::string_view bytes :
       {"a\xC3\xA9\xF0\x9F\x91\x8D!", "\xF0\x9F\x91", "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41",
        "\xED\xA0\x80", "x\xF4\x90\x80\x80y"}) {
    std::string pending;
    std::string out;
    for (const char byte : bytes) {
      pending += byte;
      drain_valid_utf8(pending, out);
      EXPECT_EQ(find_invalid_utf8(out), std::nullopt);
      EXPECT_LT(pending.size(), 4u);
    }
    append_valid_utf8(pending, out);
    EXPECT_EQ(out, repaired(bytes));
  }
}

TEST(Utf8, FindsWhereInvalidBytesBegin) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("a\xC3\xA9"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("a\xC3\xA9\x80"), 3u);
  EXPECT_EQ(find_invalid_utf8("ab\xF0\x9F\x91"), 2u);
}

TEST(Utf8, HoldsBackOnlyWhatMoreBytesCouldComplete) {
  std::string out;
  for (const std::string_view held : {"\xC3", "\xE0\xA0", "\xF4\x8F\xBF"}) {
    std::string pending(held);
    drain_valid_utf8(pending, out);
    EXPECT_EQ(pending, held);
  }
  EXPECT_EQ(out, "");
  std::string hopeless = "\xE0\x80";
  drain_valid_utf8(hopeless, out);
  EXPECT_EQ(hopeless, "");
  EXPECT_EQ(out, FFFD FFFD);
}

TEST(Utf8, EveryCodePointReadsBackAsWritten) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text = "\xC3\xA9";
    append_code_point(c, text);
    ASSERT_FALSE(find_invalid_utf8(text));
    ASSERT_EQ(last_code_point(text).value, c);
    ASSERT_EQ(first_code_point(std::string_view(text).substr(2)).bytes, text.size() - 2);
  }
}

}  // namespace
}  // namespace ferrum
