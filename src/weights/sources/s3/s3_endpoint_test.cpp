#include "weights/sources/s3/s3_endpoint.h"

#include <gtest/gtest.h>

#include "ferrum/types/error.h"
#include "weights/sources/s3/fake_aws.h"
#include "weights/sources/s3/s3_location.h"

namespace ferrum {
namespace {

class S3EndpointTest : public testing::Test {
 protected:
  // The URL of an object.
  std::string url(const std::string& bucket = "models", const std::string& key = "a/b c") {
    const S3Endpoint endpoint = resolve_s3_endpoint(
        settings_, aws_.environment(), profile_ ? &*profile_ : nullptr, bucket);
    region_ = endpoint.region;
    const S3Address address = address_of(endpoint, bucket, key);
    return endpoint.scheme + "://" + address.host + address.path;
  }

  S3Settings settings_;
  test::FakeAws aws_;
  std::optional<AwsProfile> profile_;
  std::string region_;
};

TEST_F(S3EndpointTest, AwsByRegion) {
  EXPECT_EQ(url(), "https://models.s3.us-east-1.amazonaws.com/a/b%20c");
  EXPECT_EQ(url("with.dots"), "https://s3.us-east-1.amazonaws.com/with.dots/a/b%20c");
  EXPECT_EQ(url("UPPER_case"), "https://s3.us-east-1.amazonaws.com/UPPER_case/a/b%20c");
  settings_.path_style = true;
  settings_.region = "cn-north-1";
  EXPECT_EQ(url(), "https://s3.cn-north-1.amazonaws.com.cn/models/a/b%20c");
}

TEST_F(S3EndpointTest, TheRegionsOrder) {
  profile_ = AwsProfile{.name = "p", .files = "f", .settings = {{"region", "of-profile"}}};
  url();
  EXPECT_EQ(region_, "of-profile");
  aws_.variables["AWS_DEFAULT_REGION"] = "of-default";
  url();
  EXPECT_EQ(region_, "of-default");
  aws_.variables["AWS_REGION"] = "of-region";
  url();
  EXPECT_EQ(region_, "of-region");
  settings_.region = "of-argument";
  url();
  EXPECT_EQ(region_, "of-argument");
  for (const std::string bad : {"", "evil.com/", "a b", "UP"}) {
    settings_.region = bad;
    EXPECT_THROW(url(), Error) << bad;
  }
}

TEST_F(S3EndpointTest, TheEndpointsOrder) {
  profile_ = AwsProfile{.name = "p", .files = "f", .settings = {{"endpoint_url", "http://e"}}};
  EXPECT_EQ(url(), "http://e/models/a/b%20c");
  profile_->settings["services.s3.endpoint_url"] = "http://services/";
  EXPECT_EQ(url(), "http://services/models/a/b%20c");
  aws_.variables["AWS_ENDPOINT_URL"] = "http://general:80";
  EXPECT_EQ(url(), "http://general/models/a/b%20c");
  aws_.variables["AWS_ENDPOINT_URL_S3"] = "HTTPS://Special:9000/base/";
  EXPECT_EQ(url(), "https://special:9000/base/models/a/b%20c");
  settings_.endpoint = "https://[::1]:443";
  EXPECT_EQ(url(), "https://[::1]/models/a/b%20c");
  settings_.endpoint.reset();
  aws_.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(url(), "https://models.s3.us-east-1.amazonaws.com/a/b%20c");
}

TEST_F(S3EndpointTest, CustomEndpointsMayHaveBucketsInTheirName) {
  settings_.endpoint = "https://storage.example";
  profile_ = AwsProfile{.name = "p", .files = "f",
                        .settings = {{"s3.addressing_style", "virtual"}}};
  EXPECT_EQ(url(), "https://models.storage.example/a/b%20c");
  settings_.path_style = true;
  EXPECT_EQ(url(), "https://storage.example/models/a/b%20c");
}

TEST_F(S3EndpointTest, EndpointsWithMoreThanAPathAreRefused) {
  for (const std::string bad : {"ftp://host", "host:9000", "http://user:password@host",
                                "http://host/?query", "http://host/#fragment", ""}) {
    settings_.endpoint = bad;
    try {
      url();
      FAIL() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(std::string(error.what()).find("password"), std::string::npos);
    }
  }
}

TEST_F(S3EndpointTest, AnotherRegionMovesOnlyAws) {
  const AwsEnvironment environment = aws_.environment();
  S3Endpoint endpoint = resolve_s3_endpoint(settings_, environment, nullptr, "models");
  EXPECT_EQ(in_region(endpoint, "eu-west-1").host, "s3.eu-west-1.amazonaws.com");
  settings_.endpoint = "http://localhost:9000";
  endpoint = resolve_s3_endpoint(settings_, environment, nullptr, "models");
  EXPECT_EQ(in_region(endpoint, "eu-west-1").host, "localhost:9000");
  EXPECT_EQ(in_region(endpoint, "eu-west-1").region, "eu-west-1");
}

TEST(S3LocationTest, UrlsAreTakenAsTheyAre) {
  const S3Location location = parse_s3_url("s3://models/llama=3+it/a b%20\xC3\xBC//x");
  EXPECT_EQ(location.bucket, "models");
  EXPECT_EQ(location.key, "llama=3+it/a b%20\xC3\xBC//x");
  EXPECT_EQ(location.to_string(), "s3://models/llama=3+it/a b%20\xC3\xBC//x");
  EXPECT_EQ(parse_s3_url("s3://models").key, "");
  for (const std::string bad : {"s3:/models/x", "s3://", "s3:///x", "s3://..", "s3://a b/x",
                                "s3://host:9000/x", "s3://user@b/x", "https://models/x"}) {
    EXPECT_THROW(parse_s3_url(bad), Error) << bad;
  }
  try {
    parse_s3_url("s3://express--use1-az4--x-s3/key");
    FAIL() << "parsed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
}

TEST(S3LocationTest, JsonBothWays) {
  const Json json = {{"bucket", "b"},           {"key", "k"},
                     {"region", "eu-west-1"},   {"endpoint", "http://e"},
                     {"path_style", false},     {"profile", "p"},
                     {"access_key_id", "id"},   {"secret_access_key", "secret"},
                     {"session_token", "token"}};
  EXPECT_EQ(to_json(parse_s3_location(json)), json);
  const Json anonymous = {{"bucket", "b"}, {"key", "k"}, {"anonymous", true}};
  EXPECT_EQ(to_json(parse_s3_location(anonymous)), anonymous);
}

TEST(S3LocationTest, RefusalsShowNoSecret) {
  const auto with = [](Json more) {
    Json json = {{"bucket", "b"}, {"key", "k"}};
    json.update(more);
    return json;
  };
  for (const Json& json :
       {with({{"secret_access_key", "hidden"}}), with({{"access_key_id", "hidden"}}),
        with({{"session_token", "hidden"}}), with({{"secret_access_key", {"hidden"}}}),
        with({{"anonymous", true}, {"access_key_id", "a"}, {"secret_access_key", "hidden"}}),
        with({{"unknown", "hidden"}}), with({{"key", ""}}), with({{"key", "\xff"}}),
        with({{"key", std::string(1025, 'x')}}), Json{{"key", "k"}}}) {
    try {
      parse_s3_location(json);
      FAIL() << json.dump(-1, ' ', false, Json::error_handler_t::replace);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(std::string(error.what()).find("hidden"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace ferrum
