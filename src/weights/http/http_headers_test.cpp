#include "weights/http/http_headers.h"

#include <gtest/gtest.h>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

using std::chrono::seconds;

TEST(HttpHeadersTest, NamesHaveNoCase) {
  HttpHeaders headers{{"ETag", "\"a\""}, {"Set-Cookie", "1"}, {"set-cookie", "2"}};
  ASSERT_NE(headers.find("etag"), nullptr);
  EXPECT_EQ(*headers.find("ETAG"), "\"a\"");
  EXPECT_EQ(headers.find("eta"), nullptr);
  headers.set("SET-COOKIE", "3");
  EXPECT_EQ(headers.fields().size(), 2u);
  EXPECT_EQ(*headers.find("Set-Cookie"), "3");
}

TEST(HttpHeadersTest, AFieldThatWouldSmuggleInAnotherIsRefused) {
  EXPECT_NO_THROW(check_header_field("X-Api-Key", "a b\tc"));
  EXPECT_THROW(check_header_field("X Y", ""), Error);
  EXPECT_THROW(check_header_field("", "a"), Error);
  try {
    check_header_field("X-Api-Key", "secret\r\nHost: other");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.message().find("secret"), std::string::npos);
    EXPECT_NE(error.message().find("X-Api-Key"), std::string::npos);
  }
}

TEST(HttpHeadersTest, HeaderLines) {
  EXPECT_EQ(parse_header_line("Content-Type:  text/plain \r\n"),
            HttpHeaders::Field("Content-Type", "text/plain"));
  EXPECT_EQ(parse_header_line("X-Empty:\r\n"), HttpHeaders::Field("X-Empty", ""));
  EXPECT_EQ(parse_header_line("A: b:c"), HttpHeaders::Field("A", "b:c"));
  for (const char* line : {"", "\r\n", "no colon", ": value", "A B: c", " folded: x", "A: \x01"}) {
    EXPECT_FALSE(parse_header_line(line)) << line;
  }
}

TEST(HttpHeadersTest, StatusLines) {
  EXPECT_EQ(parse_status_line("HTTP/1.1 206 Partial Content\r\n"), 206);
  EXPECT_EQ(parse_status_line("HTTP/2 200\r\n"), 200);
  for (const char* line : {"", "HTTP/1.1", "HTTP/1.1 ok", "HTTP/1.1 99", "HTTP/1.1 1000", "Date: x",
                           "HTTP/1.1 -20"}) {
    EXPECT_FALSE(parse_status_line(line)) << line;
  }
}

TEST(HttpHeadersTest, ContentRanges) {
  using Range = std::pair<int64_t, int64_t>;
  EXPECT_EQ(parse_content_range("bytes 0-99/1000"), (ContentRange{Range{0, 99}, 1000}));
  EXPECT_EQ(parse_content_range("Bytes 5-5/*"), (ContentRange{Range{5, 5}, std::nullopt}));
  EXPECT_EQ(parse_content_range("bytes */17"), (ContentRange{std::nullopt, 17}));
  for (const char* value :
       {"", "bytes", "bytes 0-99", "0-99/1000", "bytes 9-5/100", "bytes 0-100/100", "bytes */*",
        "bytes -5/10", "bytes 5-/10", "bytes 0-99/", "items 0-1/2", "bytes +0-1/2", "bytes 0-1/-2",
        "bytes 0-9223372036854775808/9223372036854775809", "bytes 0 - 1/2"}) {
    EXPECT_FALSE(parse_content_range(value)) << value;
  }
}

TEST(HttpHeadersTest, RetryAfter) {
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  EXPECT_EQ(parse_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), seconds(60));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), seconds(0));
  EXPECT_EQ(parse_retry_after("99999999999999", now), seconds(int64_t{1} << 31));
  for (const char* value : {"", "-1", "soon", "1.5"}) {
    EXPECT_FALSE(parse_retry_after(value, now)) << value;
  }
}

TEST(HttpHeadersTest, EntityTags) {
  EXPECT_EQ(parse_etag("\"abc\""), (EntityTag{"abc", false}));
  EXPECT_EQ(parse_etag(" W/\"abc\" "), (EntityTag{"abc", true}));
  EXPECT_EQ(parse_etag("abc"), (EntityTag{"abc", false}));
  EXPECT_EQ(parse_etag("\"\""), (EntityTag{"", false}));
  for (const char* value : {"", "W/", "\"a", "a\"b\"", "\"a\"b\"", "\"a\x01\""}) {
    EXPECT_FALSE(parse_etag(value)) << value;
  }
}

}  // namespace
}  // namespace ferrum
