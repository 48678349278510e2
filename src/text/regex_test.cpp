#include "text/regex.h"

#include <gtest/gtest.h>
#include <vector>

#include "ferrum/types/error.h"
#include "support/expect_error.h"

namespace ferrum {
namespace {

using Strings = std::vector<std::string>;

Strings matches(std::string_view pattern, std::string_view text) {
  Strings found;
  Regex(pattern).for_each_match(text, [&](size_t begin, size_t end) {
    found.emplace_back(text.substr(begin, end - begin));
  });
  return found;
}

// Behaviour described in Oniguruma's doc/RE, where it differs from PCRE2's.
TEST(Regex, ReadsOnigurumasMeanings) {
  EXPECT_EQ(matches("\\h+", "xa9-"), Strings{"a9"});
  EXPECT_EQ(matches("\\v", "\n\v"), Strings{"\v"});
  EXPECT_EQ(matches("a{2}+", "aaaaa"), Strings{"aaaa"});
  EXPECT_EQ(matches("a{,2}b", "aaab"), Strings{"aab"});
  EXPECT_EQ(matches("a{,b", "a{,b"), Strings{"a{,b"});
  EXPECT_EQ(matches("(?m:.)", "\n"), Strings{"\n"});
  EXPECT_EQ(matches(".", "\n"), Strings{});
  EXPECT_EQ(matches("^.$", "a\nb"), (Strings{"a", "b"}));
  EXPECT_EQ(matches("[a[bc]]+", "cab["), Strings{"cab"});
  EXPECT_EQ(matches("\\s", "\xE1\xA0\x8E"), Strings{});  // U+180E is no space
  EXPECT_EQ(matches("\\u00e9", "\xC3\xA9"), Strings{"\xC3\xA9"});
  EXPECT_EQ(matches("a++b|a", "aaa"), (Strings{"a", "a", "a"}));
}

TEST(Regex, PassesOverAnEmptyMatchBehindAMatch) {
  EXPECT_EQ(matches("a*", "baac"), (Strings{"", "aa", ""}));
  EXPECT_EQ(matches("", "\xC3\xA9x"), (Strings{"", "", ""}));
}

TEST(Regex, LiteralsMeanThemselves) {
  const std::string text = "a.b\\[x]{2}(^$)|*+?-&#/ \n";
  size_t count = 0;
  Regex::literal(text).for_each_match(text + text, [&](size_t, size_t) { ++count; });
  EXPECT_EQ(count, 2u);
}

TEST(Regex, RefusesWhatItWouldReadDifferently) {
  for (const char* pattern :
       {"[a&&b]", "[[:alpha:]]", "[^\\W]", "[a[^b]]", "(?R)", "(?1)", "(?(1)a|b)", "(*ACCEPT)a",
        "\\k<n>", "(?<n>a)", "\\X", "\\K", "\\Qa\\E", "(?x)a b", "a(?i)b", "\\xff", "\\x{110000}",
        "\\p{Nonsense}", "\\p{}", "(", ")", "[", "[]", "*", "\\", "(?", "\\p{L", "\\12"}) {
    SCOPED_TRACE(pattern);
    test::expect_error(ErrorCode::kUnsupported, testing::_, [&] { Regex regex(pattern); });
  }
}

TEST(Regex, GivesUpOnExponentialSearch) {
  const std::string text(64, 'a');
  test::expect_error(ErrorCode::kResourceExhausted, testing::_, [&] {
    // PCRE2 proves without a search that nothing can match where a letter is missing altogether.
    matches("(a|aa)+(?!a)(?<=b)", text);
  });
}

TEST(Regex, WalksBackOverALongRunOfSpaces) {
  const std::string spaces(1 << 20, ' ');
  EXPECT_EQ(matches("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+|x", spaces + "x").size(), 3u);
}

}  // namespace
}  // namespace ferrum
