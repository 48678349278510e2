// What the source does when all goes well, and what it asks for.

#include <fstream>
#include <optional>
#include <thread>

#include "weights/downloads/file_lock.h"
#include "weights/downloads/hub_cache.h"
#include "weights/sources/huggingface/hub_fixture.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::ScopedVariable;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HubSourceTest : public HubFixture {};

TEST_F(HubSourceTest, AFileIsReadByRangesUntilItIsFetched) {
  EXPECT_EQ(open("model.safetensors"), weights);
  EXPECT_FALSE(fs::exists(blob({weights, true})));
  fetch("model.safetensors");
  EXPECT_TRUE(fs::exists(blob({weights, true})));
  hub.content().forget_requests();
  EXPECT_EQ(open("model.safetensors"), weights);
  EXPECT_THAT(hub.content().requests(), IsEmpty());
  EXPECT_NE(part().open(source("model.safetensors"), config)->storage(), nullptr);
}

TEST_F(HubSourceTest, ACachedFileOfACommitNeedsNoNetwork) {
  fetch("config.json");
  hub.hub().forget_requests();
  EXPECT_EQ(open("config.json", kCommit), "{\"a\": 1}");
  EXPECT_THAT(hub.hub().requests(), IsEmpty());
}

TEST_F(HubSourceTest, TheTokenStaysWithTheHub) {
  ScopedVariable secret("HF_TOKEN", "hf_secret");
  config.default_headers["X-Api-Key"] = "key_secret";
  hub.require_token("org/name", "hf_secret");
  fetch("model.safetensors");
  EXPECT_EQ(open("sub/inner.json"), "[]");
  EXPECT_THAT(hub.content().requests(), Not(IsEmpty()));
  for (const auto& request : hub.content().requests()) {
    EXPECT_EQ(request.header("Authorization"), nullptr);
    EXPECT_EQ(request.header("X-Api-Key"), nullptr);
  }
  for (const auto& request : hub.hub().requests()) {
    ASSERT_NE(request.header("X-Api-Key"), nullptr);
    ASSERT_NE(request.header("Authorization"), nullptr);
  }
}

TEST_F(HubSourceTest, TheTokenComesFromAFileTooUnlessThatIsForbidden) {
  hub.require_token("org/name", "hf_secret");
  folder.write("token", "hf_secret\n");
  ScopedVariable path("HF_TOKEN_PATH", folder.path() / "token");
  EXPECT_EQ(open("config.json"), "{\"a\": 1}");
  ScopedVariable forbidden("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes");
  EXPECT_EQ(test::error_of([&] { open("sub/inner.json"); }).code(), ErrorCode::kNotFound);
}

TEST_F(HubSourceTest, WithoutCachingNothingIsKeptOrUsed) {
  fetch("config.json");
  config.enable_caching = false;
  hub.add("org/name", kCommit, {{"config.json", {"{\"b\": 22}"}}});
  EXPECT_EQ(open("config.json"), "{\"b\": 22}");
  config.cache_dir = folder.path() / "other";
  const auto files = part().open_model("hf:org/name", config);
  EXPECT_EQ(files->read_text("config.json", 100), "{\"b\": 22}");
  EXPECT_FALSE(fs::exists(folder.path() / "other"));
}

TEST_F(HubSourceTest, TheStampFollowsTheRevisionAndTheCache) {
  const std::string first = part().stamp(source("config.json"), config);
  EXPECT_EQ(part().stamp(source("config.json"), config), first);
  fetch("config.json");
  const std::string cached = part().stamp(source("config.json"), config);
  EXPECT_NE(cached, first);
  hub.add("org/name", std::string(40, 'b'), {{"config.json", {"new"}}});
  EXPECT_NE(part().stamp(source("config.json"), config), cached);
  EXPECT_EQ(open("config.json"), "new");
  EXPECT_EQ(open("config.json", kCommit), "{\"a\": 1}");
}

TEST_F(HubSourceTest, ASiblingLiesInTheSameFolderAndNowhereElse) {
  const WeightSource beside = part().sibling(source("sub/a.bin", "v1"), "inner.json");
  EXPECT_EQ(beside.location.at("filename"), "sub/inner.json");
  EXPECT_EQ(beside.location.at("revision"), "v1");
  EXPECT_EQ(part().sibling(source("a.bin"), "b.bin").location.at("filename"), "b.bin");
  EXPECT_THROW(part().sibling(source("sub/a.bin"), "../../x"), Error);
}

TEST_F(HubSourceTest, ACacheDirOfTheSourceIsThatOfTheHubsTools) {
  WeightSource other = source("config.json");
  other.location["cache_dir"] = (folder.path() / "theirs").string();
  part().fetch(other, config, {}, {});
  EXPECT_TRUE(fs::exists(folder.path() / "theirs/models--org--name/refs/main"));
}

TEST_F(HubSourceTest, AModelIsOneCommitOfOneListing) {
  const auto files = part().open_model("hf:org/name", config);
  EXPECT_EQ(files->location(), "hf:org/name");
  EXPECT_THAT(files->names(), ElementsAre("config.json", "model.safetensors"));
  EXPECT_TRUE(files->contains("sub/inner.json"));
  EXPECT_FALSE(files->contains("gone.json"));
  EXPECT_EQ(requests(), 1u);
  hub.add("org/name", std::string(40, 'b'), {{"config.json", {"new"}}});
  EXPECT_EQ(files->read_text("config.json", 100), "{\"a\": 1}");
  EXPECT_EQ(files->read_text("sub/inner.json", 100), "[]");
  const WeightSource weight = files->weight_source("model.safetensors");
  EXPECT_EQ(weight.location.at("revision"), kCommit);
  EXPECT_EQ(text_of(*part().open(weight, config)), weights);
  EXPECT_EQ(test::error_of([&] { files->read_text("gone.json", 9); }).code(), ErrorCode::kNotFound);
  EXPECT_EQ(test::error_of([&] { files->read_text("config.json", 3); }).code(),
            ErrorCode::kInvalidFormat);
}

TEST_F(HubSourceTest, AListingWithoutSizesIsCompletedByThePagesOfTheTree) {
  hub.set_tree_page(1);
  const auto files = part().open_model("hf:org/name", config);
  EXPECT_THAT(files->names(), ElementsAre("config.json", "model.safetensors"));
  EXPECT_TRUE(files->contains("sub/inner.json"));
  EXPECT_EQ(requests(), 5u);  // a folder and three files
}

TEST_F(HubSourceTest, ACommitThatWasListedBeforeNeedsNoRequestAtAll) {
  part().open_model("hf:org/name", config)->read_text("config.json", 100);
  const size_t before = requests();
  const auto files = part().open_model("hf:org/name@" + kCommit, config);
  EXPECT_EQ(files->read_text("config.json", 100), "{\"a\": 1}");
  EXPECT_EQ(requests(), before);
}

TEST_F(HubSourceTest, HeadersOfALargeFileTakeFewRequestsAndBytes) {
  const std::string large = test::pattern_bytes(20'000'000);
  hub.add("org/name", kCommit, {{"large.bin", {large, true}}});
  const auto files = part().open_model("hf:org/name", config);
  const auto bytes = part().open(files->weight_source("large.bin"), config);
  std::string head(100'000, '\0');
  bytes->read(0, std::as_writable_bytes(std::span(head).first(8)));
  bytes->read(8, std::as_writable_bytes(std::span(head)));
  EXPECT_EQ(head, large.substr(8, head.size()));
  EXPECT_LE(requests(), 3u);  // the listing, the redirect, the bytes
  EXPECT_LT(hub.content().bytes_sent() + hub.hub().bytes_sent(), 1'000'000);
}

TEST_F(HubSourceTest, OfflineOnlyTheCacheIsAsked) {
  fetch("config.json");
  hub.hub().forget_requests();
  for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    ScopedVariable set(name, "1");
    EXPECT_EQ(open("config.json"), "{\"a\": 1}");
    const auto files = part().open_model("hf:org/name", config);
    EXPECT_THAT(files->names(), ElementsAre("config.json"));
    EXPECT_EQ(files->read_text("config.json", 100), "{\"a\": 1}");
    const Error error = test::error_of([&] { open("model.safetensors"); });
    EXPECT_THAT(error.what(), AllOf(HasSubstr("HF_HUB_OFFLINE"), HasSubstr("not in the cache")));
  }
  EXPECT_THAT(hub.hub().requests(), IsEmpty());
}

TEST_F(HubSourceTest, WhenTheHubIsAwayTheLastKnownCommitServes) {
  fetch("config.json");
  ScopedVariable away("HF_ENDPOINT", "http://127.0.0.1:1");
  EXPECT_EQ(open("config.json"), "{\"a\": 1}");
  EXPECT_EQ(part().open_model("hf:org/name", config)->read_text("config.json", 9), "{\"a\": 1}");
  EXPECT_EQ(test::error_of([&] { open("model.safetensors"); }).code(), ErrorCode::kIo);
}

TEST_F(HubSourceTest, ABusyHubIsAskedAgain) {
  int refusals = 2;
  hub.set_fault([&](const test::ServerRequest&, bool) -> std::optional<test::ServerReply> {
    if (--refusals < 0) return std::nullopt;
    test::ServerReply reply;
    reply.status = refusals == 1 ? 503 : 429;
    reply.headers = {{"Retry-After", "0"}};
    return reply;
  });
  EXPECT_EQ(open("config.json"), "{\"a\": 1}");
}

TEST_F(HubSourceTest, TheSameContentIsStoredOnce) {
  const std::string other(40, 'b');
  hub.add("org/name", other, {{"renamed.safetensors", {weights, true}}}, {"next"});
  fetch("model.safetensors");
  hub.content().forget_requests();
  fetch("renamed.safetensors", "next");
  EXPECT_THAT(hub.content().requests(), IsEmpty());
  EXPECT_EQ(open("renamed.safetensors", other), weights);
}

TEST_F(HubSourceTest, AFileThatWasCutShortIsFetchedAgain) {
  for (const std::string& revision : {std::string("main"), std::string(kCommit)}) {
    part().open_model("hf:org/name@" + revision, config);
    fetch("model.safetensors", revision);
    fs::resize_file(blob({weights, true}), weights.size() - 1);
    fetch("model.safetensors", revision);
    EXPECT_EQ(open("model.safetensors", revision), weights);
  }
}

TEST_F(HubSourceTest, WhatAnotherToolLeftWithoutLocksIsMarkedAsUsed) {
  fetch("model.safetensors");
  const fs::path lock = config.cache_dir.value() + "/hub/.locks/models--org--name/" +
                        File{weights, true}.hash() + ".lock";
  fs::remove_all(lock.parent_path());
  fs::last_write_time(blob({weights, true}),
                      fs::file_time_type::clock::now() - std::chrono::hours(9));
  open("model.safetensors");
  EXPECT_GT(fs::last_write_time(lock), fs::last_write_time(blob({weights, true})));
}

// Another process makes room as soon as the file has come, and before this one does.
TEST_F(HubSourceTest, AFileThatIsRemovedAtOnceLeavesNoLink) {
  config.max_cache_size = 4'000'000;
  const fs::path made = blob({weights, true});
  std::optional<FileLock> turn;
  std::jthread other;
  part().fetch(source("model.safetensors"), config, {}, [&](int64_t done, int64_t total) {
    if (done < total || turn) return;
    turn = FileLock::exclusive(folder.path() / "cache/objects/limit.lock");
    other = std::jthread([&] {
      HubCache cache(folder.path() / "cache/hub");
      CachedFile file;
      file.path = made;
      while (!cache.remove(file)) std::this_thread::yield();
      turn.reset();
    });
  });
  other.join();
  EXPECT_FALSE(fs::exists(made));
  EXPECT_FALSE(fs::is_symlink(repository() / "snapshots" / kCommit / "model.safetensors"));
}

TEST_F(HubSourceTest, ProgressEndsAtTheSize) {
  int64_t last = 0;
  part().fetch(source("model.safetensors"), config, {}, [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, static_cast<int64_t>(weights.size()));
    last = done;
  });
  EXPECT_EQ(last, static_cast<int64_t>(weights.size()));
}

}  // namespace
}  // namespace ferrum
