#include "weights/sources/s3/aws_signature.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ferrum/types/json.h"
#include "weights/downloads/digest.h"

namespace ferrum {
namespace {

Json vectors() {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/data/weights/s3/sigv4.json");
  return Json::parse(file);
}

SystemTime time_of(const std::string& compact) {  // "20150830T123600Z"
  const auto part = [&](size_t at, size_t size) { return compact.substr(at, size); };
  return parse_aws_time(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 5) + ":" + part(11, 2) + ":" +
                        part(13, 3));
}

// Published by AWS, and made by botocore: tools/make_sigv4_references.py.
TEST(AwsSignatureTest, IsTheOneOfTheVectors) {
  const Json cases = vectors();
  ASSERT_GT(cases.size(), 50u);
  for (const Json& vector : cases) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    const Json& scope = vector["scope"];
    AwsRequest request{.method = vector["method"],
                       .path = encode_aws_path(vector["path"].get<std::string>()),
                       .query = encode_aws_query(vector["query"]),
                       .headers = {{"Host", scope["host"]}},
                       .payload_sha256 = sha256_hex(vector["body"].get<std::string>())};
    for (const Json& header : vector["headers"]) request.headers.add(header[0], header[1]);
    sign_aws_request(request, {.region = scope["region"], .service = scope["service"]},
                     {.access_key_id = scope["id"],
                      .secret_access_key = scope["secret"],
                      .session_token = vector["token"],
                      .expires = {}},
                     time_of(scope["time"]));
    const std::string* authorization = request.headers.find("authorization");
    ASSERT_TRUE(authorization);
    EXPECT_EQ(*authorization, vector["authorization"].get<std::string>())
        << canonical_request(request);
  }
}

TEST(AwsSignatureTest, PathsAreEncodedOnceAndNeverNormalised) {
  EXPECT_EQ(encode_aws_path("/b/a/../c//d=e+f g%20~\xC3\xBC"),
            "/b/a/../c//d%3De%2Bf%20g%2520~%C3%BC");
}

TEST(AwsSignatureTest, QueriesAreSortedAsEncoded) {
  EXPECT_EQ(encode_aws_query({{"b", ""}, {"a", "/"}, {"a", "."}, {"A", "x y"}}),
            "A=x%20y&a=%2F&a=.&b=");
}

}  // namespace
}  // namespace ferrum
