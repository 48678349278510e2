#include "weights/sources/s3/s3_xml.h"

#include <gtest/gtest.h>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

std::string listing(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         inside + "</ListBucketResult>";
}

std::string object(const std::string& key, const std::string& size) {
  return "<Contents><Key>" + key + "</Key><Size>" + size +
         "</Size><ETag>&quot;abc-2&quot;</ETag></Contents>";
}

TEST(S3XmlTest, ReadsAListing) {
  const S3Listing page = parse_s3_listing(
      listing("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
              "<NextContinuationToken>1/a+b==</NextContinuationToken>" +
              object("m/a%2Bb+c%C3%BC%0A", "12") + object("m/x", "9223372036854775807")));
  ASSERT_EQ(page.objects.size(), 2u);
  EXPECT_EQ(page.objects[0].key, "m/a+b c\xC3\xBC\n");
  EXPECT_EQ(page.objects[0].size, 12);
  EXPECT_EQ(page.objects[0].etag, "abc-2");
  EXPECT_EQ(page.objects[1].size, INT64_MAX);
  EXPECT_EQ(page.next_token, "1/a+b==");
}

TEST(S3XmlTest, KeysAreDecodedOnlyWhereTheyAreEncoded) {
  const S3Listing page = parse_s3_listing(listing(object("a%2Bb+&lt;c&gt;", "0")));
  EXPECT_EQ(page.objects.at(0).key, "a%2Bb+<c>");
  EXPECT_EQ(page.next_token, "");
}

TEST(S3XmlTest, RefusesWhatIsNoListing) {
  const std::string encoded = "<EncodingType>url</EncodingType>";
  for (const std::string& xml :
       {std::string(), std::string("not XML"), std::string("<html><body>Sign in</body></html>"),
        listing("<Contents>"), listing(object("a", "-1")), listing(object("a", "1e3")),
        listing(object("a", "9223372036854775808")), listing(object("a", "")),
        listing(object("", "1")), listing(encoded + object("a%2", "1")),
        listing(encoded + object("a%zz", "1")), listing("<IsTruncated>true</IsTruncated>"),
        listing("") + listing(""), std::string(kMaxS3XmlBytes + 1, ' ')}) {
    SCOPED_TRACE(xml.substr(0, 300));
    try {
      parse_s3_listing(xml);
      FAIL() << "parsed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
    }
  }
}

TEST(S3XmlTest, NoEntityIsExpandedAndNoDoctypeTaken) {
  const std::string bomb =
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>" +
      listing(object("&b;", "1"));
  EXPECT_THROW(parse_s3_listing(bomb), Error);
  EXPECT_EQ(parse_s3_listing(listing(object("&b;", "1"))).objects.at(0).key, "&b;");
}

TEST(S3XmlTest, DeepNestingIsHarmless) {
  std::string xml;
  for (int i = 0; i < 100'000; ++i) xml += "<a>";
  EXPECT_THROW(parse_s3_listing(listing(xml)), Error);
  for (int i = 0; i < 100'000; ++i) xml += "</a>";
  EXPECT_TRUE(parse_s3_listing(listing(xml)).objects.empty());
}

TEST(S3XmlTest, ReadsAnErrorForAMessage) {
  const auto error = find_s3_error(
      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting 'eu-west-1'\n\x1b[31m" +
      std::string(1000, 'x') + "</Message><Region>eu-west-1</Region></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(error->region, "eu-west-1");
  EXPECT_EQ(error->message.size(), 300u);
  EXPECT_EQ(error->message.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_FALSE(find_s3_error("<html>503</html>"));
  EXPECT_FALSE(find_s3_error(""));
}

TEST(S3XmlTest, ReadsTheCredentialsOfARole) {
  const std::string head =
      "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
      "<SecretAccessKey>s/+</SecretAccessKey><SessionToken>t==</SessionToken>";
  const std::string tail =
      "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
  const AwsCredentials credentials =
      parse_sts_credentials(head + "<Expiration>2026-11-23T14:00:00.5Z</Expiration>" + tail);
  EXPECT_EQ(credentials.access_key_id, "ASIA");
  EXPECT_EQ(credentials.secret_access_key, "s/+");
  EXPECT_EQ(credentials.session_token, "t==");
  EXPECT_EQ(credentials.expires, std::chrono::system_clock::from_time_t(1795442400));
  const AwsCredentials forever =
      parse_sts_credentials(head + "<Expiration>9999-12-31T23:59:59Z</Expiration>" + tail);
  EXPECT_GT(*forever.expires, *credentials.expires);
  EXPECT_THROW(parse_sts_credentials(head + tail), Error);
  EXPECT_THROW(parse_sts_credentials("<a/>"), Error);
}

}  // namespace
}  // namespace ferrum
