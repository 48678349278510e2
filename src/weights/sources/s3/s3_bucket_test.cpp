#include "weights/sources/s3/s3_bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "support/s3_server.h"
#include "weights/sources/s3/fake_aws.h"
#include "weights/sources/s3/s3_objects.h"

namespace ferrum {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "test/Secret+Key=";

// A bucket on a server of this test, with keys from the environment.
class S3BucketTest : public testing::Test {
 protected:
  explicit S3BucketTest(test::S3Server::Options options = {}) : server_(std::move(options)) {
    aws_.now = std::chrono::system_clock::now();
    aws_.variables["AWS_ACCESS_KEY_ID"] = "AKIATEST";
    aws_.variables["AWS_SECRET_ACCESS_KEY"] = kSecret;
    aws_.variables["AWS_ENDPOINT_URL_S3"] = server_.endpoint();
    aws_.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    server_.put("models", "m/config.json", "{}");
  }

  AwsEnvironment environment() {
    AwsEnvironment environment = aws_.environment();
    environment.send = [this](const HttpRequest& request, const HttpLimits& limits,
                              std::stop_token stop) {
      return client_.send(request, limits, stop);
    };
    return environment;
  }
  S3Bucket open(const std::string& url = "s3://models") {
    return S3Bucket(parse_s3_url(url), environment());
  }
  Error failure(S3Bucket& bucket, const std::string& key = "m/config.json") {
    try {
      read_object(bucket, key, 100);
    } catch (const Error& error) {
      EXPECT_THAT(std::string(error.what()), Not(HasSubstr(kSecret)));
      return error;
    }
    ADD_FAILURE() << "read";
    return Error(ErrorCode::kInternal, "");
  }
  size_t requests() { return server_.http().requests().size(); }

  test::S3Server server_;
  test::FakeAws aws_;
  HttpClient client_;
};

TEST_F(S3BucketTest, KeysOfAllKindsAreSignedAsTheServerReadsThem) {
  S3Bucket bucket = open();
  const std::vector<std::string> keys = {
      "a=b", "a+b", "a b", "a%20b", "a/../b", "./a", "a//b", "/leading", "trailing/", "~tilde",
      "a?b#c", "quote'\"", "(1)*!;:@&,$[]", "back\\slash", "tab\there", "{braces}|^`<>",
      "\xC3\xBC\xE1\x88\xB4\xF0\x9F\x98\x80", "."};
  for (const std::string& key : keys) {
    SCOPED_TRACE(key);
    server_.put("models", key, "content of " + key);
    EXPECT_EQ(read_object(bucket, key, 100), "content of " + key);
    const S3ObjectState state = head_object(bucket, key);
    EXPECT_EQ(state.size, static_cast<int64_t>(11 + key.size()));
    EXPECT_FALSE(state.etag.empty());
  }
}

TEST_F(S3BucketTest, ASignatureOfOtherKeysOrAnotherRequestIsRefused) {
  aws_.variables["AWS_SECRET_ACCESS_KEY"] = "wrong";
  S3Bucket bucket = open();
  const Error error = failure(bucket);
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(error.message(), HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(error.message(), HasSubstr("keys of the environment"));
  EXPECT_THAT(error.hint(), HasSubstr("secret key is wrong"));

  aws_.variables["AWS_SECRET_ACCESS_KEY"] = kSecret;
  HttpRequest request = open().make_request("GET", "m/config.json");
  EXPECT_EQ(client_.send(request).status, 200);
  request.headers.set("x-amz-meta-more", "1");  // not signed
  EXPECT_EQ(client_.send(request).status, 403);
  request.headers.erase("x-amz-meta-more");
  request.url += "x";
  EXPECT_EQ(client_.send(request).status, 403);
}

TEST_F(S3BucketTest, AnUnknownKeyIsNamedByItsOriginAlone) {
  aws_.variables["AWS_ACCESS_KEY_ID"] = "AKIAOTHER";
  S3Bucket bucket = open();
  const Error error = failure(bucket);
  EXPECT_THAT(error.message(), HasSubstr("InvalidAccessKeyId"));
  EXPECT_THAT(error.message(), Not(HasSubstr("AKIAOTHER")));
}

TEST_F(S3BucketTest, SessionTokensAreSignedAndNeverShown) {
  server_.set_keys({.id = "AKIATEST", .secret = kSecret, .token = "tok/en+=1"});
  aws_.variables["AWS_SESSION_TOKEN"] = "tok/en+=1";
  S3Bucket bucket = open();
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
  server_.set_fault([](const test::ServerRequest& request) {
    return test::s3_refusal(403, "Odd", "<Message>" + *request.header("x-amz-security-token") +
                                            " AKIATEST</Message>");
  });
  EXPECT_THAT(std::string(failure(bucket).what()), Not(HasSubstr("tok/en")));
  EXPECT_THAT(std::string(failure(bucket).what()), Not(HasSubstr("AKIATEST")));
}

TEST_F(S3BucketTest, DefaultHeadersAreSentAndSigned) {
  S3Bucket bucket(parse_s3_url("s3://models"), environment(),
                  {{"x-amz-request-payer", "requester"}, {"Authorization", "Bearer x"}});
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
  const test::ServerRequest request = server_.http().requests().back();
  EXPECT_EQ(*request.header("x-amz-request-payer"), "requester");
  EXPECT_THAT(*request.header("authorization"), HasSubstr("x-amz-request-payer"));
}

TEST_F(S3BucketTest, WhatIsMissingSaysWhichOfBoth) {
  S3Bucket bucket = open();
  EXPECT_EQ(failure(bucket, "m/absent").code(), ErrorCode::kNotFound);
  EXPECT_THAT(failure(bucket, "m/absent").message(), HasSubstr("there is no such object"));
  S3Bucket absent = open("s3://absent");
  EXPECT_THAT(failure(absent).message(), HasSubstr("there is no bucket 'absent'"));
  try {
    head_object(bucket, "m/absent");
    FAIL() << "found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.message(), HasSubstr("no such object, or no such bucket"));
  }
}

TEST_F(S3BucketTest, ASkewedClockIsNamed) {
  S3Bucket bucket = open();
  aws_.now += hours(3);
  const Error error = failure(bucket);
  EXPECT_THAT(error.message(), HasSubstr("RequestTimeTooSkewed"));
  EXPECT_THAT(error.message(), HasSubstr("by 180 minutes, ahead"));
  EXPECT_THAT(error.hint(), HasSubstr("set the clock"));
  try {
    head_object(bucket, "m/config.json");
    FAIL() << "signed";
  } catch (const Error& from_head) {
    EXPECT_THAT(from_head.message(), HasSubstr("RequestTimeTooSkewed"));
  }
}

TEST_F(S3BucketTest, ServersThatAreBusyAreAskedAgain) {
  std::atomic<int> refusals = 0;
  server_.set_fault([&](const test::ServerRequest&) -> std::optional<test::ServerReply> {
    if (refusals >= 3) return std::nullopt;
    ++refusals;
    return test::s3_refusal(503, "SlowDown");
  });
  S3Bucket bucket = open();
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
  EXPECT_EQ(requests(), 4u);
}

TEST_F(S3BucketTest, PatienceEnds) {
  server_.set_fault([](const test::ServerRequest&) { return test::s3_refusal(503, "SlowDown"); });
  S3Bucket bucket = open();
  EXPECT_THAT(failure(bucket).message(), HasSubstr("asks for fewer requests"));
  EXPECT_EQ(requests(), 6u);
}

TEST_F(S3BucketTest, ConnectionsThatAreCutAreMadeAnew) {
  std::atomic<int> cuts = 0;
  server_.set_fault([&](const test::ServerRequest&) -> std::optional<test::ServerReply> {
    if (cuts++ >= 2) return std::nullopt;
    test::ServerReply reply;
    reply.cut_after = 10;
    return reply;
  });
  S3Bucket bucket = open();
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
}

TEST_F(S3BucketTest, FoldersAreListed) {
  for (const char* name : {"m/model.safetensors", "m/a b=+\xC3\xBC.json", "m/sub/x", "m2", "m/"}) {
    server_.put("models", name, "bytes");
  }
  S3Bucket bucket = open();
  std::vector<std::string> keys;
  for (const S3Object& object : list_folder(bucket, "m/")) keys.push_back(object.key);
  EXPECT_THAT(keys, ElementsAre("m/a b=+\xC3\xBC.json", "m/config.json", "m/model.safetensors"));
}

TEST_F(S3BucketTest, AVirtualHostNamesTheBucket) {
  const std::string port = std::to_string(server_.http().port());
  S3Location location = parse_s3_url("s3://models");
  location.settings = {.region = {}, .endpoint = "http://localhost:" + port, .path_style = false};
  S3Bucket bucket(location, environment());
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
  EXPECT_EQ(*server_.http().requests().back().header("host"), "models.localhost:" + port);
}

class PagedS3Test : public S3BucketTest {
 protected:
  PagedS3Test() : S3BucketTest({.page_size = 3}) {}
};

TEST_F(PagedS3Test, EveryPageOfAListingIsRead) {
  for (int i = 0; i < 9; ++i) server_.put("models", "p/=+&< " + std::to_string(i), "x");
  S3Bucket bucket = open();
  const auto objects = list_folder(bucket, "p/");
  ASSERT_EQ(objects.size(), 9u);
  EXPECT_EQ(objects[8].key, "p/=+&< 8");
  EXPECT_EQ(objects[8].size, 1);
  EXPECT_EQ(requests(), 3u);
}

TEST_F(PagedS3Test, AListingWithoutAnEndIsAnError) {
  server_.set_fault([](const test::ServerRequest&) {
    test::ServerReply reply;
    reply.body =
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x"
        "</NextContinuationToken></ListBucketResult>";
    return reply;
  });
  S3Bucket bucket = open();
  EXPECT_THROW(list_folder(bucket, "p/"), Error);
  EXPECT_EQ(requests(), 2u);
}

class ForbiddenS3Test : public S3BucketTest {
 protected:
  ForbiddenS3Test()
      : S3BucketTest({.public_buckets = {"open"}, .lists = false}) {
    server_.put("open", "x", "public");
  }
};

TEST_F(ForbiddenS3Test, ARefusalSaysBothPossibilities) {
  S3Bucket bucket = open();
  const Error error = failure(bucket, "m/absent");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(error.message(), HasSubstr("may not read it, or it does not exist"));
  EXPECT_THAT(error.hint(), HasSubstr("s3:GetObject"));
  try {
    list_folder(bucket, "m/");
    FAIL() << "listed";
  } catch (const Error& from_list) {
    EXPECT_THAT(from_list.hint(), HasSubstr("s3:ListBucket"));
  }
}

TEST_F(ForbiddenS3Test, AnonymousRequestsCarryNothing) {
  aws_.variables["AWS_NO_SIGN_REQUEST"] = "yes";
  S3Bucket bucket = open("s3://open");
  EXPECT_EQ(read_object(bucket, "x", 100), "public");
  const test::ServerRequest request = server_.http().requests().back();
  for (const auto& [name, value] : request.headers) {
    EXPECT_THAT(name, Not(HasSubstr("mz-")));
    EXPECT_THAT(name, Not(HasSubstr("uthorization")));
  }
  S3Bucket closed = open();
  EXPECT_THAT(failure(closed).message(), HasSubstr("an anonymous request may not read it"));
}

// A server in another region, which it tells in one of the ways that servers have.
class WrongRegionTest : public S3BucketTest, public testing::WithParamInterface<int> {
 protected:
  WrongRegionTest() : S3BucketTest({.region = "eu-west-1", .wrong_region_status = GetParam()}) {}
};

TEST_P(WrongRegionTest, IsCorrectedOnce) {
  S3Bucket bucket = open();
  EXPECT_EQ(head_object(bucket, "m/config.json").size, 2);
  const size_t first = requests();
  EXPECT_LE(first, 4u);
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
  EXPECT_EQ(requests(), first + 1);  // the region is known now
}

INSTANTIATE_TEST_SUITE_P(S3, WrongRegionTest, testing::Values(301, 400));

TEST_F(S3BucketTest, AServerThatNamesRegionsForeverIsLeft) {
  std::atomic<int> count = 0;
  server_.set_fault([&](const test::ServerRequest&) {
    test::ServerReply reply = test::s3_refusal(301, "PermanentRedirect");
    reply.headers.emplace_back("x-amz-bucket-region", "r-" + std::to_string(++count));
    return reply;
  });
  S3Bucket bucket = open();
  EXPECT_EQ(failure(bucket).code(), ErrorCode::kIo);
  EXPECT_EQ(count, 2);
  server_.set_fault([](const test::ServerRequest&) {
    test::ServerReply reply = test::s3_refusal(301, "PermanentRedirect");
    reply.headers.emplace_back("x-amz-bucket-region", "evil.example/");
    return reply;
  });
  S3Bucket other = open();
  EXPECT_EQ(failure(other).code(), ErrorCode::kIo);
}

// Keys of a container's agent, which are numbered and may expire early.
TEST_F(S3BucketTest, ExpiredKeysAreRenewedOnce) {
  aws_.variables.erase("AWS_ACCESS_KEY_ID");
  aws_.variables.erase("AWS_SECRET_ACCESS_KEY");
  const std::string agent = server_.http().url("/agent");
  aws_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent;
  std::atomic<int> handed_out = 0;
  server_.set_fault([&](const test::ServerRequest& request) -> std::optional<test::ServerReply> {
    if (request.path() != "/agent") return std::nullopt;
    test::ServerReply reply;
    reply.body = R"({"AccessKeyId":"AKIATEST","SecretAccessKey":")" + std::string(kSecret) +
                 R"(","Token":"t)" + std::to_string(++handed_out) +
                 R"(","Expiration":"2100-01-01T00:00:00Z"})";
    return reply;
  });
  server_.set_keys({.id = "AKIATEST", .secret = kSecret, .token = "t1"});
  S3Bucket bucket = open();
  EXPECT_EQ(read_object(bucket, "m/config.json", 100), "{}");
  server_.set_keys({.id = "AKIATEST", .secret = kSecret, .token = "t2"});
  aws_.now += std::chrono::minutes(1);
  EXPECT_EQ(head_object(bucket, "m/config.json").size, 2);
  EXPECT_EQ(handed_out, 2);
}

}  // namespace
}  // namespace ferrum
