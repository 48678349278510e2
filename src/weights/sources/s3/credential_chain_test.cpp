#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/error.h"
#include "support/temp_folder.h"
#include "weights/sources/s3/aws_credential_chain.h"
#include "weights/sources/s3/fake_aws.h"
#include "weights/sources/s3/metadata_credentials.h"

namespace ferrum {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const std::string kMachine = "http://169.254.169.254/latest/";
const std::string kRoles = kMachine + "meta-data/iam/security-credentials/";
constexpr const char* kKeysJson =
    R"({"Code":"Success","AccessKeyId":"ASIAJSON","SecretAccessKey":"json-secret",)"
    R"("Token":"json-token","Expiration":"2026-11-23T15:00:00Z"})";

class CredentialChainTest : public testing::Test {
 protected:
  AwsCredentialOrigin find() {
    const AwsEnvironment environment = aws_.environment();
    const auto profile = load_aws_profile(environment);
    return find_aws_credentials(environment, profile ? &*profile : nullptr, "eu-west-1");
  }
  Error failure() {
    try {
      find().fetch();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "credentials were found";
    return Error(ErrorCode::kInternal, "");
  }
  void write_profile(const std::string& settings) {
    aws_.variables["HOME"] = folder_.path();
    folder_.write(".aws/credentials", "[default]\n" + settings);
  }
  void answer(const std::string& request, int status, const std::string& body) {
    aws_.answers[request] = {.status = status, .headers = {}, .final_url = {}, .body = body};
  }
  void answer_as_machine() {
    answer("PUT " + kMachine + "api/token", 200, "session");
    answer("GET " + kRoles, 200, "my role\nother");
    answer("GET " + kRoles + "my%20role", 200, kKeysJson);
  }

  test::TempFolder folder_;
  test::FakeAws aws_;
};

TEST_F(CredentialChainTest, TheEnvironmentComesFirst) {
  write_profile("aws_access_key_id = AKIFILE\naws_secret_access_key = file\n");
  aws_.variables["AWS_ACCESS_KEY_ID"] = "AKIENV";
  aws_.variables["AWS_SECRET_ACCESS_KEY"] = "env";
  aws_.variables["AWS_SESSION_TOKEN"] = "token";
  const AwsCredentials credentials = find().fetch();
  EXPECT_EQ(credentials.access_key_id, "AKIENV");
  EXPECT_EQ(credentials.secret_access_key, "env");
  EXPECT_EQ(credentials.session_token, "token");
  EXPECT_FALSE(credentials.expires);
}

TEST_F(CredentialChainTest, HalfAPairIsAnErrorAndNotPassedOver) {
  write_profile("aws_access_key_id = AKIFILE\naws_secret_access_key = file\n");
  aws_.variables["AWS_ACCESS_KEY_ID"] = "AKIENV";
  EXPECT_THAT(failure().message(), HasSubstr("no AWS_SECRET_ACCESS_KEY"));
  aws_.variables.erase("AWS_ACCESS_KEY_ID");
  answer_as_machine();
  write_profile("aws_secret_access_key = hidden\n");
  EXPECT_THAT(failure().message(), HasSubstr("no aws_access_key_id"));
  EXPECT_THAT(failure().message(), Not(HasSubstr("hidden")));
  EXPECT_TRUE(aws_.requests.empty());
}

TEST_F(CredentialChainTest, TheProfileComesNext) {
  write_profile("aws_access_key_id = AKIFILE\naws_secret_access_key = file\n");
  aws_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/nonexistent";
  const AwsCredentialOrigin origin = find();
  EXPECT_EQ(origin.fetch().access_key_id, "AKIFILE");
  EXPECT_EQ(origin.description, "profile 'default' of ~/.aws/credentials");
}

TEST_F(CredentialChainTest, WhatIsNotFollowedIsRefusedWithTheRemedy) {
  for (const std::string key :
       {"role_arn = arn:aws:iam::1:role/r\nsource_profile = base", "credential_process = /bin/keys",
        "sso_session = corp", "role_arn = arn:aws:iam::1:role/r\ncredential_source = Environment",
        "aws_access_key_id = A\naws_secret_access_key = S\nsource_profile = x\nrole_arn = r"}) {
    SCOPED_TRACE(key);
    write_profile(key + "\n");
    const Error error = failure();
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.hint(), HasSubstr("aws configure export-credentials --profile default"));
  }
}

TEST_F(CredentialChainTest, AWebIdentityIsExchangedForKeys) {
  aws_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder_.write("token", "jwt.a+b/c=\n");
  EXPECT_THAT(failure().message(), HasSubstr("no AWS_ROLE_ARN"));
  aws_.variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  answer("POST https://sts.eu-west-1.amazonaws.com/", 200,
         "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
         "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
         "</SessionToken><Expiration>2026-11-23T15:00:00Z</Expiration></Credentials>"
         "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
  const AwsCredentials credentials = find().fetch();
  EXPECT_EQ(credentials.session_token, "t");
  EXPECT_EQ(credentials.expires, aws_.now + minutes(60));
  EXPECT_EQ(aws_.requests.at(0).body,
            "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=ferrum&Version=2011-06-15&WebIdentityToken=jwt.a%2Bb%2Fc%3D");
}

TEST_F(CredentialChainTest, AWebIdentityThatIsRefusedSaysWhyAndShowsNoToken) {
  aws_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder_.write("token", "secret-token");
  aws_.variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  aws_.variables["AWS_ENDPOINT_URL_STS"] = "http://localhost:1/";
  answer("POST http://localhost:1/", 403,
         "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not "
         "authorized</Message></Error></ErrorResponse>");
  const Error error = failure();
  EXPECT_THAT(error.message(), HasSubstr("AccessDenied: Not authorized"));
  EXPECT_THAT(std::string(error.what()), Not(HasSubstr("secret-token")));
}

TEST_F(CredentialChainTest, AContainersAgentIsAskedWithItsToken) {
  aws_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/x";
  answer("GET http://169.254.170.2/v2/credentials/x", 200, kKeysJson);
  EXPECT_EQ(find().fetch().access_key_id, "ASIAJSON");

  aws_.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  aws_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  aws_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = folder_.write("token", "agent\n");
  answer("GET http://169.254.170.23/v1/credentials", 200, kKeysJson);
  EXPECT_EQ(find().fetch().session_token, "json-token");
  EXPECT_EQ(*aws_.requests.back().headers.find("authorization"), "agent");

  for (const std::string url :
       {"http://example.com/x", "http://127.0.0.1.example.com/", "http://10.0.0.1/",
        "ftp://localhost/", "http://localhost@example.com/"}) {
    SCOPED_TRACE(url);
    aws_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_THROW(find(), Error);
  }
}

TEST_F(CredentialChainTest, TheMachinesRoleIsTheLastResort) {
  answer_as_machine();
  const AwsCredentialOrigin origin = find();
  EXPECT_EQ(origin.fetch().access_key_id, "ASIAJSON");
  EXPECT_EQ(*aws_.requests.back().headers.find("x-aws-ec2-metadata-token"), "session");
  for (const HttpRequest& request : aws_.requests) EXPECT_TRUE(request.direct);

  aws_.variables["AWS_EC2_METADATA_DISABLED"] = "True";
  aws_.requests.clear();
  EXPECT_EQ(failure().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(aws_.requests.empty());
}

TEST_F(CredentialChainTest, NoneAtAllNamesWhatWasTriedAndTheAnonymousWay) {
  const Error error = failure();  // nothing answers as the metadata service
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(error.hint(), HasSubstr("AWS_NO_SIGN_REQUEST"));
}

TEST(MetadataCredentialsTest, WhatHoldsNoneIsRefusedWithoutShowingIt) {
  for (const std::string text :
       {"", "[]", "{}", R"({"Code":"Failed","AccessKeyId":"A","SecretAccessKey":"hidden"})",
        R"({"AccessKeyId":"A","SecretAccessKey":7})",
        R"({"AccessKeyId":"A","SecretAccessKey":"hidden","Expiration":"tomorrow"})"}) {
    SCOPED_TRACE(text);
    try {
      parse_metadata_credentials(text);
      FAIL() << "parsed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
      EXPECT_THAT(std::string(error.what()), Not(HasSubstr("hidden")));
    }
  }
}

// Keys that live for an hour, numbered.
class AwsCredentialStoreTest : public testing::Test {
 protected:
  AwsCredentialStore store_{
      {"test",
       [this] {
         if (fails_) throw Error(ErrorCode::kIo, "no answer");
         ++fetched_;
         return AwsCredentials{"id", "secret", "token" + std::to_string(fetched_),
                               now_ + minutes(60)};
       }},
      [this] { return now_; }};
  SystemTime now_ = std::chrono::system_clock::from_time_t(1'795'442'400);
  int fetched_ = 0;
  bool fails_ = false;
};

TEST_F(AwsCredentialStoreTest, RenewsBeforeTheyExpire) {
  EXPECT_EQ(store_.get().session_token, "token1");
  now_ += minutes(54);
  EXPECT_EQ(store_.get().session_token, "token1");
  now_ += minutes(2);
  EXPECT_EQ(store_.get().session_token, "token2");
}

TEST_F(AwsCredentialStoreTest, TheOldServeWhileARenewalFailsUntilTheyAreOver) {
  store_.get();
  now_ += minutes(56);
  fails_ = true;
  EXPECT_EQ(store_.get().session_token, "token1");
  fails_ = false;
  EXPECT_EQ(store_.get().session_token, "token1");  // not tried again at once
  now_ += seconds(31);
  EXPECT_EQ(store_.get().session_token, "token2");
  fails_ = true;
  now_ += minutes(61);
  EXPECT_THROW(store_.get(), Error);
}

TEST_F(AwsCredentialStoreTest, ARefusedTokenIsRenewedOnce) {
  store_.get();
  now_ += minutes(10);
  EXPECT_TRUE(store_.refuse());
  EXPECT_EQ(store_.get().session_token, "token2");
  EXPECT_TRUE(store_.refuse());  // for a request that was on its way
  EXPECT_EQ(store_.get().session_token, "token2");
  EXPECT_EQ(store_.without_secrets("<a>token2 secret id"), "<a>*** *** ***");
  AwsCredentialStore fixed(fixed_credentials({"id", "secret", "token", {}}, "fixed"));
  fixed.get();
  EXPECT_FALSE(fixed.refuse());
}

}  // namespace
}  // namespace ferrum
