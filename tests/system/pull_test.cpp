// ferrum pull and ferrum cache, against a Hub in the test.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "ferrum/types/json.h"
#include "support/hub_server.h"
#include "support/safetensors_bytes.h"
#include "support/scoped_variable.h"
#include "support/scripted_source.h"
#include "support/temp_folder.h"
#include "system/command_line.h"
#include "system/terminal_session.h"

namespace ferrum::testing {
namespace {

namespace fs = std::filesystem;
using test::HubServer;
using test::ScopedVariable;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";
constexpr int64_t kSlowly = 8 << 20;  // bytes per second of each connection

// The program in the background.
class Running {
 public:
  explicit Running(const std::vector<std::string>& args) {
    std::vector<char*> argv{const_cast<char*>(FERRUM_BINARY)};
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    const int result = posix_spawn(&id_, FERRUM_BINARY, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (result != 0) throw std::runtime_error("cannot start " FERRUM_BINARY);
  }
  int wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int kill() {
    ::kill(id_, SIGKILL);
    return wait();
  }

 private:
  pid_t id_ = -1;
};

std::string weights_of(size_t bytes) {
  const std::string size = std::to_string(bytes);
  return safetensors_bytes(
      R"({"w":{"dtype":"U8","shape":[)" + size + R"(],"data_offsets":[0,)" + size + "]}}",
      test::pattern_bytes(bytes));
}

class PullTest : public ::testing::Test {
 protected:
  explicit PullTest(int64_t bytes_per_second = 0, size_t weight_bytes = 1 << 20)
      : weights(weights_of(weight_bytes)), hub(bytes_per_second) {
    hub.add("org/name", kCommit,
            {{"config.json", {"{}"}},
             {"tokenizer.json", {"{\"x\": 1}"}},
             {"README.md", {"# name"}},
             {"model.safetensors", {weights, true}},
             {"pytorch_model.bin", {"never wanted", true}}});
  }

  fs::path blob() const {
    return folder.path() / "hub/models--org--name/blobs" / HubServer::File{weights, true}.hash();
  }
  static Json json_of(const CommandResult& result) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return parse_json(result.out, "the output");
  }
  static std::vector<std::string> names_in(const Json& files) {
    std::vector<std::string> names;
    for (const Json& file : files) names.push_back(file.at("name"));
    return names;
  }

  const test::TempFolder folder;
  const std::string weights;
  HubServer hub;
  ScopedVariable endpoint{"HF_ENDPOINT", hub.endpoint()};
  ScopedVariable hub_cache{"HF_HUB_CACHE", folder.path() / "hub"};
  ScopedVariable home{"HF_HOME", folder.path() / "home"};
  ScopedVariable own_cache{"FERRUM_CACHE", folder.path() / "own"};
  ScopedVariable token{"HF_TOKEN", ""}, offline{"HF_HUB_OFFLINE", ""};
  ScopedVariable proxy{"no_proxy", "127.0.0.1"};
};

class SlowPullTest : public PullTest {
 protected:
  SlowPullTest() : PullTest(kSlowly, 24 << 20) {}
};

TEST_F(PullTest, FetchesWhatRunningNeedsOnce) {
  const Json first = json_of(run_ferrum({"pull", "hf:org/name", "--json"}));
  EXPECT_THAT(names_in(first["files"]),
              ElementsAre("config.json", "tokenizer.json", "model.safetensors"));
  EXPECT_EQ(first["fetched_bytes"], weights.size() + 2 + 8);
  EXPECT_EQ(read_file(blob()), weights);
  const Json second = json_of(run_ferrum({"pull", "hf:org/name", "--json"}));
  EXPECT_EQ(second["fetched_bytes"], 0);
  EXPECT_EQ(second["size_bytes"], first["size_bytes"]);
  const Json all = json_of(run_ferrum({"pull", "hf:org/name", "--all", "--json"}));
  EXPECT_THAT(names_in(all["files"]), ::testing::SizeIs(5));
  const CommandResult again = run_ferrum({"pull", "hf:org/name"});
  EXPECT_THAT(again.out, HasSubstr("model.safetensors  1.0 MiB  was here\n"));
  EXPECT_EQ(again.err, "");
}

TEST_F(PullTest, OneFileIsPulledByItsName) {
  const Json json = json_of(run_ferrum({"pull", "hf:org/name/model.safetensors", "--json"}));
  EXPECT_THAT(names_in(json["files"]), ElementsAre("model.safetensors"));
  EXPECT_FALSE(fs::exists(blob().parent_path() / HubServer::File{"{}"}.hash()));
}

TEST_F(PullTest, RefusalsHaveTheirExitCodes) {
  const CommandResult gone = run_ferrum({"pull", "hf:org/gone"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("no model org/gone"));
  EXPECT_EQ(run_ferrum({"pull", "hf:org/name", "--no-cache"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"pull", folder.path().string()}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"pull"}).exit_code, 2);
  const CommandResult small = run_ferrum({"pull", "hf:org/name", "--max-cache-size", "1000"});
  EXPECT_EQ(small.exit_code, 1);
  EXPECT_THAT(small.err, AllOf(HasSubstr("1.0 MiB"), HasSubstr("1000 B")));
}

TEST_F(PullTest, NoSecretIsShown) {
  ScopedVariable secret("HF_TOKEN", "hf_secret");
  hub.require_token("org/name", "hf_other");
  const CommandResult result =
      run_ferrum({"pull", "hf:org/name", "--header", "X-Key: key_secret", "--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err + result.out, Not(HasSubstr("secret")));
}

TEST_F(PullTest, TheCacheIsListedVerifiedAndPruned) {
  run_ferrum({"pull", "hf:org/name"});
  const CommandResult list = run_ferrum({"cache", "list"});
  EXPECT_THAT(list.out, AllOf(HasSubstr("1.0 MiB"), HasSubstr("hf:org/name  3 files\n")));
  const Json json = json_of(run_ferrum({"cache", "list", "--json"}));
  EXPECT_THAT(json["files"], ::testing::SizeIs(3));
  EXPECT_THAT(run_ferrum({"cache", "list", "--files"}).out,
              HasSubstr("hf:org/name/model.safetensors\n"));
  EXPECT_EQ(json_of(run_ferrum({"cache", "size", "--json"}))[0]["files"], 3);
  EXPECT_THAT(run_ferrum({"cache", "verify"}).out, HasSubstr("3 checked, 0 damaged\n"));
  std::string damaged = weights;
  damaged[damaged.size() / 2] ^= 1;
  write_file(blob(), damaged);
  const CommandResult verify = run_ferrum({"cache", "verify", "--remove"});
  EXPECT_EQ(verify.exit_code, 1);
  EXPECT_THAT(verify.err, HasSubstr("model.safetensors"));
  EXPECT_FALSE(fs::exists(blob()));
  EXPECT_EQ(run_ferrum({"cache", "prune", "hf:org/gone"}).exit_code, 1);
  EXPECT_THAT(run_ferrum({"cache", "prune", "--max-size", "0", "--dry-run"}).out,
              HasSubstr("would remove 10 B\n"));
  EXPECT_THAT(run_ferrum({"cache", "prune", "--max-size", "0"}).out, HasSubstr("removed 10 B\n"));
  EXPECT_EQ(run_ferrum({"cache", "list"}).out, "");
}

TEST_F(SlowPullTest, ATerminalSeesRateAndTimeLeftAndCtrlCLeavesWhatHasArrived) {
  {
    TerminalSession session({"pull", "hf:org/name/model.safetensors", "--connections", "1"});
    session.wait_for("/s  ");
    session.wait_for(" left");
    session.type("\x03");
    EXPECT_EQ(session.finish(), 130);
    EXPECT_THAT(session.output(), HasSubstr("goes on from there"));
  }
  const auto arrived = fs::file_size(blob().string() + ".incomplete");
  EXPECT_GT(arrived, 0u);
  EXPECT_THAT(json_of(run_ferrum({"cache", "list", "--json"}))["files"][0]["complete"], false);
  const Json json = json_of(run_ferrum({"pull", "hf:org/name/model.safetensors", "--json"}));
  EXPECT_EQ(json["fetched_bytes"], weights.size() - arrived);
  EXPECT_EQ(read_file(blob()), weights);
}

TEST_F(SlowPullTest, TenPullsMakeOneDownload) {
  std::vector<Running> pulls;
  for (int i = 0; i < 10; ++i) pulls.emplace_back(std::vector<std::string>{"pull", "hf:org/name"});
  for (Running& pull : pulls) EXPECT_EQ(pull.wait(), 0);
  EXPECT_EQ(read_file(blob()), weights);
  // Beside it, each of the ten reads the header.
  EXPECT_LT(hub.content().bytes_sent(), static_cast<int64_t>(weights.size()) + 10 * (512 << 10));
}

// FERRUM_KILLS sets how often.
TEST_F(SlowPullTest, KilledAtAnyMomentItEndsInAVerifiedFile) {
  const char* asked = std::getenv("FERRUM_KILLS");
  const int kills = asked ? std::atoi(asked) : 8;
  std::mt19937 random(42);
  for (int i = 0; i < kills; ++i) {
    Running pull({"pull", "hf:org/name"});
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1500));
    pull.kill();
    if (!fs::exists(blob())) continue;
    ASSERT_EQ(read_file(blob()), weights);
    run_ferrum({"cache", "prune", "hf:org/name"});
  }
  EXPECT_EQ(run_ferrum({"pull", "hf:org/name"}).exit_code, 0);
  EXPECT_EQ(read_file(blob()), weights);
  EXPECT_THAT(run_ferrum({"cache", "verify"}).out, HasSubstr("3 checked, 0 damaged\n"));
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(blob().parent_path())) {
    left.push_back(entry.path().filename());
  }
  EXPECT_EQ(left.size(), 3u) << ::testing::PrintToString(left);
}

}  // namespace
}  // namespace ferrum::testing
