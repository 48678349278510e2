// Servers that lie, disks that refuse, processes that race.

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "support/child_process.h"
#include "weights/sources/huggingface/hub_fixture.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::ScopedVariable;
using test::ServerReply;
using test::ServerRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class HubThreatsTest : public HubFixture {
 protected:
  // Another value of a header in the answers of the Hub.
  void change_header(const std::string& name, const std::string& value) {
    hub.set_change([=](const ServerRequest&, ServerReply& reply) {
      for (auto& [key, text] : reply.headers) {
        if (key == name) text = value;
      }
    });
  }
  // Every file below the test's folder.
  std::vector<std::string> files() {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (!entry.is_directory()) found.push_back(entry.path());
    }
    return found;
  }
};

TEST_F(HubThreatsTest, NamesFromTheServerNeverBecomePaths) {
  for (const auto& [header, value] : std::vector<std::pair<std::string, std::string>>{
           {"X-Linked-Etag", "\"../../x\""},
           {"X-Linked-Etag", "\"" + std::string(63, 'a') + "/\""},
           {"X-Linked-Etag", "\"" + std::string(64, 'A') + "\""},
           {"X-Linked-Etag", "\"\""},
           {"X-Repo-Commit", ".."},
           {"X-Repo-Commit", "../../../../x"},
           {"X-Repo-Commit", std::string(39, 'a')}}) {
    change_header(header, value);
    const Error error = test::error_of([&] { fetch("model.safetensors"); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat) << header << ": " << value;
    EXPECT_THAT(files(), testing::IsEmpty());
  }
}

TEST_F(HubThreatsTest, FilesOfAListingThatLeadOutAreNotThere) {
  hub.add("org/name", kCommit, {{"a/../../b", {"evil"}}, {"/etc/x", {"evil"}}, {"ok.json", {"1"}}});
  for (const size_t page : {0, 2}) {
    hub.set_tree_page(page);
    const auto model = part().open_model("hf:org/name", config);
    EXPECT_THAT(model->names(), testing::ElementsAre("ok.json"));
    EXPECT_FALSE(model->contains("a/../../b"));
    EXPECT_EQ(test::error_of([&] { model->read_text("a/../../b", 9); }).code(),
              ErrorCode::kNotFound);
  }
}

TEST_F(HubThreatsTest, AListingOfAnotherFormIsRefused) {
  for (const char* body :
       {"", "[]", "{}", R"({"sha": "../x", "siblings": []})", R"({"sha": 1, "siblings": []})",
        R"({"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{}]})",
        R"({"sha": "0123456789abcdef0123456789abcdef01234567",
            "siblings": [{"rfilename": "x", "size": -1,
                          "blobId": "0123456789abcdef0123456789abcdef01234567"}]})",
        R"({"sha": "0123456789abcdef0123456789abcdef01234567",
            "siblings": [{"rfilename": "x", "size": 1, "blobId": "../x"}]})"}) {
    hub.set_change([=](const ServerRequest& request, ServerReply& reply) {
      if (request.path().find("/revision/") != std::string_view::npos) reply.body = body;
    });
    EXPECT_EQ(test::error_of([&] { part().open_model("hf:org/name", config); }).code(),
              ErrorCode::kInvalidFormat)
        << body;
  }
}

TEST_F(HubThreatsTest, AListingThatGoesOnElsewhereOrForeverIsRefused) {
  hub.set_tree_page(1);
  for (const std::string& next :
       {hub.content().url("/x"),
        hub.endpoint() + "/api/models/org/name/tree/" + kCommit + "?recursive=true"}) {
    hub.set_change([=](const ServerRequest& request, ServerReply& reply) {
      if (request.path().find("/tree/") == std::string_view::npos) return;
      reply.headers = {{"Link", "<" + next + ">; rel=\"next\""}};
      if (request.query().find("cursor") == std::string_view::npos) return;
      reply.body = "[]";
    });
    if (next.find("/tree/") != std::string::npos) {
      hub.set_fault(
          [=, count = 0](const ServerRequest& request, bool) mutable -> std::optional<ServerReply> {
            if (request.path().find("/tree/") == std::string_view::npos || ++count < 3) return {};
            ServerReply reply;
            reply.body = "[]";
            reply.headers = {{"Link", "<" + next + ">; rel=\"next\""}};
            return reply;
          });
    }
    EXPECT_EQ(test::error_of([&] { part().open_model("hf:org/name", config); }).code(),
              ErrorCode::kInvalidFormat);
  }
}

TEST_F(HubThreatsTest, RedirectsLeaveNeitherHttpNorTheHeadersBehindIt) {
  ScopedVariable secret("HF_TOKEN", "hf_secret");
  config.default_headers = {{"X-Api-Key", "key_secret"}, {"Cookie", "c=secret"}};
  change_header("Location", "file:///etc/passwd");
  EXPECT_EQ(test::error_of([&] { fetch("model.safetensors"); }).code(), ErrorCode::kIo);
  EXPECT_FALSE(fs::exists(blob({weights, true})));

  // Over http it goes on, from one origin to the next, without what was meant for the Hub.
  test::HttpServer last([&](const ServerRequest& request) {
    return serve_file(request, test::ServedFile::of(weights));
  });
  test::HttpServer between([&](const ServerRequest&) {
    ServerReply reply;
    reply.status = 302;
    reply.headers = {{"Location", last.url("/x")}};
    return reply;
  });
  change_header("Location", between.url("/x"));
  fetch("model.safetensors");
  EXPECT_TRUE(fs::exists(blob({weights, true})));
  for (const test::HttpServer* server : {&between, &last}) {
    EXPECT_THAT(server->requests(), Not(testing::IsEmpty()));
    for (const ServerRequest& request : server->requests()) {
      for (const auto& [name, value] : request.headers) {
        EXPECT_THAT(value, Not(HasSubstr("secret"))) << name;
      }
    }
  }
  for (const ServerRequest& request : hub.hub().requests()) {
    for (const char* name : {"Authorization", "X-Api-Key", "Cookie"}) {
      EXPECT_NE(request.header(name), nullptr) << name;
    }
  }
}

TEST_F(HubThreatsTest, OtherBytesThanAnnouncedNeverGetTheName) {
  const File other{test::pattern_bytes(weights.size(), 9), true};
  hub.set_fault([&](const ServerRequest& request, bool is_content) -> std::optional<ServerReply> {
    if (!is_content) return std::nullopt;
    return serve_file(request, test::ServedFile::of(other.bytes));
  });
  const Error error = test::error_of([&] { fetch("model.safetensors"); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
  EXPECT_THAT(error.what(), HasSubstr(other.hash()));
  EXPECT_FALSE(fs::exists(blob({weights, true})));
  config.enable_integrity_checks = false;
  fetch("model.safetensors");
  EXPECT_TRUE(fs::exists(blob({weights, true})));
}

TEST_F(HubThreatsTest, LongerAndShorterBytesAreRefused) {
  for (const size_t size : {weights.size() - 1, weights.size() + 1}) {
    hub.set_fault([=](const ServerRequest& request, bool is_content) -> std::optional<ServerReply> {
      if (!is_content) return std::nullopt;
      return serve_file(request, test::ServedFile::of(test::pattern_bytes(size)));
    });
    EXPECT_EQ(test::error_of([&] { fetch("model.safetensors"); }).code(), ErrorCode::kIo);
    EXPECT_FALSE(fs::exists(blob({weights, true})));
  }
}

TEST_F(HubThreatsTest, AFileThatChangesInMidReadIsRefused) {
  hub.set_fault([&, count = 0](const ServerRequest& request,
                               bool is_content) mutable -> std::optional<ServerReply> {
    if (!is_content) return std::nullopt;
    auto file = test::ServedFile::of(weights);
    if (++count > 1) file.etag = "\"2\"";
    return serve_file(request, file);
  });
  EXPECT_EQ(test::error_of([&] { fetch("model.safetensors"); }).code(), ErrorCode::kIo);
  EXPECT_FALSE(fs::exists(blob({weights, true})));
}

TEST_F(HubThreatsTest, RefusalsSayWhatToDo) {
  const auto message = [&](const std::string& location) {
    const Error error = test::error_of([&] { part().open_model(location, config); });
    return error.message() + ". " + error.hint();
  };
  EXPECT_THAT(message("hf:org/gone"), AllOf(HasSubstr("no model org/gone"), HasSubstr("HF_TOKEN")));
  EXPECT_THAT(message("hf:org/name@v9"), HasSubstr("no revision 'v9'"));
  EXPECT_THAT(test::error_of([&] { open("gone.bin"); }).what(), HasSubstr("no file 'gone.bin'"));
  hub.require_token("org/name", "hf_secret");
  EXPECT_THAT(message("hf:org/name"), HasSubstr("private"));
  hub.set_gated("org/name");
  EXPECT_THAT(message("hf:org/name"),
              AllOf(HasSubstr("gated"), HasSubstr(hub.endpoint() + "/org/name")));
}

TEST_F(HubThreatsTest, AMissingFileIsRememberedAsTheHubsToolsDo) {
  EXPECT_EQ(test::error_of([&] { open("gone.bin"); }).code(), ErrorCode::kNotFound);
  EXPECT_TRUE(fs::exists(repository() / ".no_exist" / kCommit / "gone.bin"));
}

TEST_F(HubThreatsTest, NoErrorShowsASecret) {
  ScopedVariable secret("HF_TOKEN", "hf_secret");
  hub.require_token("org/name", "another");
  hub.set_change([](const ServerRequest& request, ServerReply& reply) {
    for (auto& [key, text] : reply.headers) {
      if (key == "X-Error-Message") text = "your token " + *request.header("Authorization");
    }
  });
  std::vector<Error> errors{test::error_of([&] { open("config.json"); }),
                            test::error_of([&] { part().open_model("hf:org/name", config); })};
  hub.set_change({});
  hub.require_token("org/name", "hf_secret");
  hub.set_fault([](const ServerRequest&, bool is_content) -> std::optional<ServerReply> {
    if (!is_content) return std::nullopt;
    ServerReply reply;
    reply.status = 404;
    return reply;
  });
  errors.push_back(test::error_of([&] { fetch("model.safetensors"); }));
  ScopedVariable broken("HF_TOKEN", "hf_sec\nret");
  errors.push_back(test::error_of([&] { open("config.json"); }));
  for (const Error& error : errors) {
    const std::string text = error.message() + error.hint();
    EXPECT_THAT(text, AllOf(Not(HasSubstr("hf_sec")), Not(HasSubstr("signature"))));
    EXPECT_THAT(text, Not(HasSubstr("another")));
  }
}

TEST_F(HubThreatsTest, AReadOnlyCacheStillServesWhatItHas) {
  fetch("config.json");
  fs::permissions(folder.path(), fs::perms{0755});
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (entry.is_directory()) fs::permissions(entry.path(), fs::perms{0555});
  }
  const bool is_root = geteuid() == 0;
  ASSERT_EQ(is_root ? seteuid(65534) : 0, 0);
  const std::string text = open("config.json");
  const std::string model = part().open_model("hf:org/name", config)->read_text("config.json", 9);
  const std::string uncached =
      part().open_model("hf:org/name", config)->read_text("sub/inner.json", 9);
  const Error error = test::error_of([&] { fetch("model.safetensors"); });
  ASSERT_EQ(is_root ? seteuid(0) : 0, 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (entry.is_directory()) fs::permissions(entry.path(), fs::perms{0755});
  }
  EXPECT_EQ(text, "{\"a\": 1}");
  EXPECT_EQ(model, "{\"a\": 1}");
  EXPECT_EQ(uncached, "[]");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(error.what(), HasSubstr((folder.path() / "cache").string()));
}

TEST_F(HubThreatsTest, ACacheTooSmallForAFileSaysSoAndIsReadAround) {
  config.max_cache_size = 1'000'000;
  const Error error = test::error_of([&] { fetch("model.safetensors"); });
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(open("model.safetensors"), weights);
  config.max_cache_size = 4;
  EXPECT_EQ(part().open_model("hf:org/name", config)->read_text("config.json", 9), "{\"a\": 1}");
}

TEST_F(HubThreatsTest, TheLimitOfTheCacheHolds) {
  config.max_cache_size = 5'000'000;
  const std::string second = test::pattern_bytes(3'000'000, 5);
  hub.add("org/name", kCommit, {{"a.bin", {weights, true}}, {"b.bin", {second, true}}});
  fetch("a.bin");
  fetch("b.bin");
  EXPECT_FALSE(fs::exists(blob({weights, true})));
  EXPECT_EQ(open("b.bin"), second);
  EXPECT_EQ(open("a.bin"), weights);
}

}  // namespace
}  // namespace ferrum
