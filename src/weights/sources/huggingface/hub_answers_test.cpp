// What is taken for an answer of the Hub.

#include "weights/sources/huggingface/hub_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferrum {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kCommit(40, 'a'), kBlob(40, 'b'), kLarge(64, 'c');
const HubLocation kModel{"org/name", "main", "x.bin", std::nullopt};

template <class F>
std::string refusal_of(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
    return error.message();
  }
  return "not refused";
}

std::string tree_of(const std::string& size) {
  return R"([{"type": "file", "path": "x.bin", "oid": ")" + kBlob + R"(", "size": )" + size + "}]";
}

HttpResponse response_with(const std::vector<std::pair<std::string, std::string>>& headers) {
  HttpResponse response;
  response.status = 200;
  response.final_url = "https://hub.example/api/models/org/name/tree/main";
  for (const auto& [name, value] : headers) response.headers.add(name, value);
  return response;
}

TEST(HubAnswersTest, LargeFilesGoByTheHashOfTheirContent) {
  const HubTreePage page = parse_hub_tree(
      kModel, R"([{"type": "directory", "path": "a", "oid": ")" + kBlob + R"(", "size": 0},
                  {"type": "file", "path": "a/x.bin", "oid": ")" +
                  kBlob + R"(", "size": 130,
                   "lfs": {"oid": ")" +
                  kLarge + R"(", "size": 4096}}])");
  EXPECT_EQ(page.entries, 2u);
  EXPECT_THAT(page.files, ElementsAre(HubFile{"a/x.bin", 4096, kLarge}));
}

TEST(HubAnswersTest, SizesAreNumbersThatAFileCanHave) {
  EXPECT_EQ(parse_hub_tree(kModel, tree_of("9223372036854775807")).files[0].size, INT64_MAX);
  for (const char* size : {"-1", "9223372036854775808", "18446744073709551615", "1.5", "\"1\""}) {
    EXPECT_THAT(refusal_of([&] { parse_hub_tree(kModel, tree_of(size)); }), HasSubstr("no size"))
        << size;
  }
}

TEST(HubAnswersTest, AnAnswerAboutAnotherCommitIsRefused) {
  HubLocation pinned = kModel;
  pinned.revision = std::string(40, '0');
  const std::string body = R"({"sha": ")" + kCommit + R"(", "siblings": []})";
  EXPECT_EQ(parse_hub_revision(kModel, body).listing.commit, kCommit);
  EXPECT_THAT(refusal_of([&] { parse_hub_revision(pinned, body); }), HasSubstr(kCommit));
}

TEST(HubAnswersTest, TheHeadOfAFileNamesCommitSizeAndContent) {
  const HubObject object =
      parse_hub_head(kModel, response_with({{"X-Repo-Commit", kCommit},
                                            {"X-Linked-Etag", "\"" + kLarge + "\""},
                                            {"ETag", "\"" + kBlob + "\""},
                                            {"X-Linked-Size", "4096"},
                                            {"Content-Length", "12"}}));
  EXPECT_EQ(object.commit, kCommit);
  EXPECT_EQ(object.file, (HubFile{"x.bin", 4096, kLarge}));
  EXPECT_THAT(refusal_of([] { parse_hub_head(kModel, response_with({})); }),
              HasSubstr("names no commit"));
}

TEST(HubAnswersTest, AListingGoesOnAtItsOwnServerOnly) {
  const auto next = [](const std::string& target) {
    return find_next_page(kModel, response_with({{"Link", "<" + target + ">; rel=\"next\""}}));
  };
  EXPECT_EQ(next("/p?cursor=2"), "https://hub.example/p?cursor=2");
  EXPECT_EQ(find_next_page(kModel, response_with({{"Link", "</p>; rel=\"prev\""}})), "");
  EXPECT_THAT(refusal_of([&] { next("https://other.example/p"); }), HasSubstr("another server"));
  EXPECT_THAT(refusal_of([&] { next("http://hub.example/p"); }), HasSubstr("another server"));
  EXPECT_THAT(refusal_of([&] { next("file:///etc/passwd"); }), HasSubstr("no URL"));
}

}  // namespace
}  // namespace ferrum
