#include "weights/http/url.h"

#include <gtest/gtest.h>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

TEST(UrlTest, SecretsAreNotShown) {
  EXPECT_EQ(redact_url("https://user:pa%20ss@host:8443/a/b.bin?X-Amz-Signature=f00#frag"),
            "https://host:8443/a/b.bin");
  EXPECT_EQ(redact_url("http://token@host/x"), "http://host/x");
  EXPECT_EQ(redact_url("not a url with secret"), "(not a URL)");
  EXPECT_EQ(redact_url("http://host/a\nb"), "(not a URL)");
}

TEST(UrlTest, OnlyHttpIsTaken) {
  EXPECT_NO_THROW(check_http_url("http://127.0.0.1:8080/a?b"));
  EXPECT_NO_THROW(check_http_url("HTTPS://host"));
  for (const char* url : {"file:///etc/passwd", "ftp://host/x", "host/x", "", "http://", "/a",
                          "http://host/a b", "http://ho\rst/"}) {
    EXPECT_THROW(check_http_url(url), Error) << url;
  }
}

TEST(UrlTest, RelativeReferences) {
  const std::string base = "https://host/a/b/c.json?token=1";
  EXPECT_EQ(resolve_url(base, "d.bin"), "https://host/a/b/d.bin");
  EXPECT_EQ(resolve_url(base, "/d.bin?x=1"), "https://host/d.bin?x=1");
  EXPECT_EQ(resolve_url(base, "//other/d"), "https://other/d");
  EXPECT_EQ(resolve_url(base, "file:///etc/passwd"), "file:///etc/passwd");
  EXPECT_THROW(resolve_url(base, "a\r\nb"), Error);
}

TEST(UrlTest, OriginIsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("https://Host/a"), "https://host:443");
  EXPECT_EQ(origin_of("http://user@host:8080/a"), "http://host:8080");
  EXPECT_EQ(origin_of("HTTP://host"), "http://host:80");
  EXPECT_EQ(path_of("https://host/a%20b/c?d"), "/a%20b/c");
}

TEST(UrlTest, PercentEncoding) {
  EXPECT_EQ(percent_encode("a b/c+\xc3\xa9~", "/"), "a%20b/c%2B%C3%A9~");
  EXPECT_EQ(percent_encode("refs/pr/1"), "refs%2Fpr%2F1");
}

}  // namespace
}  // namespace ferrum
