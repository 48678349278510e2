#include "weights/sources/s3/aws_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/error.h"
#include "support/temp_folder.h"
#include "weights/sources/s3/fake_aws.h"

namespace ferrum {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kCredentials = R"(# keys
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key=s3cr3t/+= ; trailing remark
region = of-credentials

[work]
aws_access_key_id = AKIWORK
)";

constexpr const char* kConfig =
    "[default]\nregion = shadowed\noutput = json\n"
    "[profile default]\nregion = of-config\nendpoint_url = http://default\n"
    "[profile work]\r\n"
    "  region = eu-west-1  # indented right below the section\r\n"
    "s3 =\n"
    "  addressing_style = path\n"
    "\tmax_concurrent_requests = 20\n"
    "services = local\n"
    "[services local]\n"
    "s3 =\n"
    "  endpoint_url = http://localhost:9000\n";

class AwsProfileTest : public testing::Test {
 protected:
  AwsProfileTest() {
    aws_.variables["HOME"] = folder_.path();
    folder_.write(".aws/credentials", kCredentials);
    folder_.write(".aws/config", kConfig);
  }
  std::optional<AwsProfile> load(const std::optional<std::string>& name = {}) {
    return load_aws_profile(aws_.environment(), name);
  }

  test::TempFolder folder_;
  test::FakeAws aws_;
};

TEST_F(AwsProfileTest, MergesBothFilesAndCredentialsWin) {
  const auto profile = load();
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->name, "default");
  EXPECT_EQ(*profile->find("aws_access_key_id"), "AKIDEFAULT");
  EXPECT_EQ(*profile->find("aws_secret_access_key"), "s3cr3t/+=");
  EXPECT_EQ(*profile->find("region"), "of-credentials");
  EXPECT_EQ(*profile->find("endpoint_url"), "http://default");
  EXPECT_FALSE(profile->find("output"));  // of [default], which [profile default] hides
  EXPECT_EQ(profile->files, "~/.aws/credentials, ~/.aws/config");
}

TEST_F(AwsProfileTest, NestedBlocksAndServices) {
  aws_.variables["AWS_PROFILE"] = "work";
  const auto profile = load();
  ASSERT_TRUE(profile);
  EXPECT_EQ(*profile->find("region"), "eu-west-1");
  EXPECT_EQ(*profile->find("s3.addressing_style"), "path");
  EXPECT_EQ(*profile->find("s3.max_concurrent_requests"), "20");
  EXPECT_EQ(*profile->find("services.s3.endpoint_url"), "http://localhost:9000");
  EXPECT_EQ(load("default")->name, "default");  // an argument wins
}

TEST_F(AwsProfileTest, OtherFilesMayBeNamed) {
  aws_.variables["AWS_SHARED_CREDENTIALS_FILE"] =
      folder_.write("elsewhere", "[default]\naws_access_key_id = AKIELSE\n");
  aws_.variables["AWS_CONFIG_FILE"] = "/dev/null";
  EXPECT_EQ(*load()->find("aws_access_key_id"), "AKIELSE");
  EXPECT_FALSE(load()->find("endpoint_url"));
}

TEST_F(AwsProfileTest, AMissingProfileIsAnErrorOnlyWhenNamed) {
  aws_.variables["HOME"] = folder_.path() / "nobody";
  EXPECT_FALSE(load());
  aws_.variables["AWS_PROFILE"] = "absent";
  try {
    load();
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.message(), HasSubstr("'absent'"));
    EXPECT_THAT(error.hint(), HasSubstr("AWS_PROFILE"));
  }
}

TEST(AwsIniTest, RefusalsNameTheLineAndShowNothingOfIt) {
  for (const std::string text :
       {"[default]\nsecret-without-equals\n", "[default]\n[secret\n", "secret = 1\n",
        "[default]\n= secret\n", "[]\nsecret = 1\n", "[a]\ns3 =\n  secret\n"}) {
    SCOPED_TRACE(text);
    try {
      parse_aws_ini(text, "file");
      FAIL() << "parsed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
      EXPECT_THAT(error.message(), HasSubstr("file line "));
      EXPECT_THAT(error.message(), Not(HasSubstr("secret-")));
      EXPECT_THAT(error.message(), Not(HasSubstr("secret =")));
    }
  }
}

TEST(AwsIniTest, AHugeFileIsRefused) {
  const test::TempFolder folder;
  const std::string path = folder.write("huge", std::string((1 << 20) + 1, '#'));
  EXPECT_THROW(read_small_file(path), Error);
  EXPECT_FALSE(read_small_file(path + "-missing"));
}

}  // namespace
}  // namespace ferrum
