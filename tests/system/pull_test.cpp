// ferrum pull and ferrum cache, against a Hub in the test.

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <random>
#include <thread>

#include "ferrum/types/json.h"
#include "support/hub_server.h"
#include "support/proto_bytes.h"
#include "support/requests_at_once.h"
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
constexpr int64_t kSlowly = 512 << 10;  // bytes per second of each connection

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

TEST_F(PullTest, NoSecretOfTheCommandLineIsShown) {
  const std::string host = hub.endpoint().substr(std::string("http://").size());
  const std::string file = host + "/org/name/resolve/main/model.safetensors";
  const std::string url = "http://user:secret@" + file + "?sig=secret";
  const Json pulled = json_of(run_ferrum({"pull", "--json", url}));
  EXPECT_EQ(pulled["model"], "http://" + file);
  const Json found = json_of(run_ferrum({"inspect", "--json", url}));
  EXPECT_EQ(found["target"], "http://" + file);
  EXPECT_EQ(run_ferrum({"cache", "prune", url}).exit_code, 0);
  ScopedVariable endpoint_with_user("HF_ENDPOINT", "http://user:secret@" + host);
  const std::vector<std::vector<std::string>> wrong{
      {url},
      {"pull", "hf:org/name", url},
      {"pull", "hf:org/gone"},
      {"pull", "https:/user:secret@host/x"},
      {"cache", "list", url + "x"},
      {"pull", "s3://AK:secret@bucket/x"},
      {"pull", "s3://AK:sec/secret@bucket/x"},
      {"inspect", "s3://AK:sec/secret@bucket/x"},
      {"convert", "s3://AK:/secret@bucket/x", folder.path() / "x.npz"},
      {"cache", "verify", "s3://AK:sec/secret@bucket/x"},
      {"inspect", "AK:sec/secret@bucket/x"},
      {"pull", "hf:org/name?token=secret"},
      {"pull", "hf:https://user:secret@host/x"},
      {"inspect", "user:secret@host/x"},
      {"pull", "hf:org/name", "--heder", "Authorization: secret"},
      {"pull", "hf:org/name", "--token", "secret"},
      {"pull", "hf:org/name", "--token=secret"},
  };
  for (const auto& command : wrong) {
    const CommandResult result = run_ferrum(command);
    EXPECT_NE(result.exit_code, 0) << command[0];
    EXPECT_THAT(result.err + result.out, Not(HasSubstr("secret"))) << command[0];
  }
}

TEST_F(PullTest, SizesThatNoCacheHasAreRefused) {
  run_ferrum({"pull", "hf:org/name"});
  for (const char* size : {"-5", "10EB", "99999999999999999999", "x", "5 apples", "1.2.3GB", ""}) {
    const CommandResult result = run_ferrum({"cache", "prune", "--max-size", size});
    EXPECT_EQ(result.exit_code, 2) << size << result.out;
    EXPECT_EQ(run_ferrum({"pull", "hf:org/name", "--max-cache-size", size}).exit_code, 2) << size;
  }
  EXPECT_THAT(run_ferrum({"cache", "prune", "--max-size", "1.5 GB"}).out,
              HasSubstr("removed 0 B\n"));
  EXPECT_THAT(run_ferrum({"cache", "prune", "--max-size", "1023.5KiB", "--dry-run"}).out,
              HasSubstr("would remove 1.0 MiB\n"));
}

TEST_F(PullTest, WhatWasPulledIsNamedTheSameInTheCache) {
  run_ferrum({"pull", "hf:org/name"});
  EXPECT_THAT(run_ferrum({"cache", "list", "hf:org/name/model.safetensors"}).out,
              HasSubstr("hf:org/name\n"));
  EXPECT_EQ(run_ferrum({"cache", "list", "hf:org/nam"}).exit_code, 1);
  EXPECT_EQ(run_ferrum({"cache", "prune", "hf:org/name/"}).exit_code, 0);
  EXPECT_EQ(run_ferrum({"cache", "list"}).out, "");
}

TEST_F(PullTest, ACacheThatCannotBeListedIsNoEmptyOne) {
  const std::string file = (folder.path() / "file").string();
  write_file(file, "x");
  for (const char* command : {"list", "size", "verify", "prune"}) {
    const CommandResult result = run_ferrum({"cache", command, "--cache-dir", file});
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_THAT(result.err, HasSubstr("cannot list " + file)) << command;
  }
}

TEST_F(PullTest, WrongUseSaysWhatWouldBeRight) {
  const CommandResult bare = run_ferrum({"pull", "org/name"});
  EXPECT_EQ(bare.exit_code, 2);
  EXPECT_THAT(bare.err, HasSubstr("hf:org/name"));
  EXPECT_THAT(run_ferrum({"inspect", "org/name"}).err, HasSubstr("begins with one of hf:"));
  const CommandResult typo = run_ferrum({"cache", "lst"});
  EXPECT_EQ(typo.exit_code, 2);
  EXPECT_THAT(typo.err, AllOf(HasSubstr("'cache lst'"), HasSubstr("ferrum cache --help")));
  EXPECT_THAT(run_ferrum({"cache", "prune", "--bogus"}).err,
              HasSubstr("ferrum cache prune --help"));
  EXPECT_EQ(run_ferrum({"cache", "prune", ""}).exit_code, 2);
  EXPECT_THAT(run_ferrum({"cache", "prune", "/"}).err, HasSubstr("nothing of / is in the cache"));
}

TEST_F(PullTest, AFolderOfAWebServerIsAskedForWhatRunningNeeds) {
  const std::string folder_url = hub.endpoint() + "/org/name/resolve/main";
  const Json json = json_of(run_ferrum({"pull", folder_url, "--json"}));
  EXPECT_THAT(names_in(json["files"]),
              ElementsAre("config.json", "tokenizer.json", "model.safetensors"));
  EXPECT_THAT(run_ferrum({"cache", "list", folder_url}).out, HasSubstr("config.json"));

  const test::TempFolder converted;
  const std::string made = converted.path() / "m";
  EXPECT_EQ(run_ferrum({"convert", folder_url, made + "/"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(made + "/config.json") && fs::exists(made + "/tokenizer.json"));
}

TEST_F(PullTest, ATextIsPulledByItsName) {
  const Json json = json_of(run_ferrum({"pull", "hf:org/name/config.json", "--json"}));
  EXPECT_THAT(names_in(json["files"]), ElementsAre("config.json"));
}

TEST_F(PullTest, AFileComesWithThoseInWhichItGoesOn) {
  using test::bytes_field;
  using test::number_field;
  const std::string where = bytes_field(1, "location") + bytes_field(2, "w.bin");
  const std::string tensor = number_field(1, 2) + number_field(2, 1) + bytes_field(8, "w") +
                             bytes_field(13, where) + number_field(14, 1);
  const HubServer::File model{number_field(1, 10) + bytes_field(7, bytes_field(5, tensor))};
  const HubServer::File elements{"01234567", true};
  hub.add("org/onnx", kCommit, {{"m/x.onnx", model}, {"m/w.bin", elements}});
  const auto pull = [] { return json_of(run_ferrum({"pull", "hf:org/onnx/m/x.onnx", "--json"})); };
  const auto size = static_cast<int64_t>(model.bytes.size());
  EXPECT_EQ(pull()["fetched_bytes"], size + 8);
  const fs::path cache = folder.path() / "hub/models--org--onnx";
  fs::remove(cache / "snapshots" / kCommit / "m/x.onnx");
  fs::remove(cache / "blobs" / model.hash());
  EXPECT_EQ(pull()["fetched_bytes"], size);
  const Json again = pull();
  EXPECT_EQ(again["fetched_bytes"], 0);
  EXPECT_EQ(again["size_bytes"], size + 8);

  write_file(folder.path() / "x.onnx", model.bytes);
  write_file(folder.path() / "w.bin", elements.bytes);
  ScopedVariable without_hub("HF_HUB_OFFLINE", "1");
  const std::string made = folder.path() / "made.npz", same = folder.path() / "same.npz";
  EXPECT_EQ(run_ferrum({"convert", "hf:org/onnx/m/x.onnx", made}).err, "");
  EXPECT_EQ(run_ferrum({"convert", folder.path() / "x.onnx", same}).err, "");
  EXPECT_EQ(read_file(made), read_file(same));
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
  EXPECT_THAT(verify.err, AllOf(HasSubstr("model.safetensors"), HasSubstr("It was removed"),
                                Not(HasSubstr("Remove it"))));
  EXPECT_FALSE(fs::exists(blob()));
  EXPECT_EQ(run_ferrum({"cache", "prune", "hf:org/gone"}).exit_code, 1);
  EXPECT_THAT(run_ferrum({"cache", "prune", "--max-size", "0", "--dry-run"}).out,
              HasSubstr("would remove 10 B\n"));
  EXPECT_THAT(run_ferrum({"cache", "prune", "--max-size", "0"}).out, HasSubstr("removed 10 B\n"));
  EXPECT_EQ(run_ferrum({"cache", "list"}).out, "");
}

TEST_F(SlowPullTest, ATerminalSeesRateAndTimeLeftAndCtrlCLeavesWhatHasArrived) {
  {
    TerminalSession session({"pull", "hf:org/name/model.safetensors"});
    session.wait_for("/s  ");
    session.wait_for(" left");
    session.type("\x03");
    EXPECT_EQ(session.finish(), 130);
    EXPECT_THAT(session.output(), HasSubstr("goes on from there"));
  }
  const auto arrived = fs::file_size(blob().string() + ".incomplete");
  EXPECT_GT(arrived, 0u);
  EXPECT_THAT(json_of(run_ferrum({"cache", "list", "--json"}))["files"][0]["complete"], false);
  EXPECT_THAT(run_ferrum({"cache", "list"}).out, HasSubstr("(interrupted)"));
  const Json json = json_of(run_ferrum({"pull", "hf:org/name/model.safetensors", "--json"}));
  EXPECT_EQ(json["fetched_bytes"], weights.size() - arrived);
  EXPECT_EQ(read_file(blob()), weights);
}

TEST_F(SlowPullTest, ANarrowTerminalShowsTheProgressOnOneLine) {
  TerminalSession session({"pull", "hf:org/name/model.safetensors"}, 40);
  session.wait_for("\n");
  EXPECT_EQ(session.finish(), 0);
  const std::string& shown = session.output();
  EXPECT_THAT(shown, HasSubstr("100 %"));
  for (size_t at = 0; (at = shown.find("\r\033[K", at)) != shown.npos;) {
    at += 4;
    const std::string line = shown.substr(at, shown.find_first_of("\r\n", at) - at);
    if (line.find('%') == line.npos) continue;
    EXPECT_LT(line.size(), 40u) << line;
  }
}

TEST_F(PullTest, CtrlCEndsTheWaitForASilentServer) {
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent, 10), 0);
  getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/model";
  const std::string file = url + ".safetensors";
  // Until it waits for the answer: of signals before, ThreadSanitizer loses one in several hundred.
  const auto a_while = std::chrono::milliseconds(200);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"pull", url}, {"inspect", url}, {"pull", file}, {"convert", file, "x.npz"}}) {
    TerminalSession session(command);
    const int connection = accept(silent, nullptr, nullptr);  // it has asked
    std::this_thread::sleep_for(a_while);
    session.type("\x03");
    EXPECT_EQ(session.finish(), 130) << command[0];
    EXPECT_THAT(session.output(), HasSubstr("stopped"));
    close(connection);
  }
  TerminalSession session({"run", url, "-p", "Hello"});
  close(accept(silent, nullptr, nullptr));
  std::this_thread::sleep_for(a_while);
  session.type("\x03");
  std::this_thread::sleep_for(a_while);  // the first was not heeded
  session.type("\x03");
  EXPECT_EQ(session.finish(), 130);
  close(silent);
}

TEST_F(PullTest, ConnectionsAndTimeAreThoseAskedFor) {
  const auto file = test::ServedFile::of(weights_of(12 << 20));
  test::RequestsAtOnce requests;
  test::HttpServer server(requests.counted([&](const test::ServerRequest& request) {
    test::ServerReply reply = serve_file(request, file);
    if (request.number == 0) reply.delay = std::chrono::seconds(60);
    return reply;
  }));
  const auto start = std::chrono::steady_clock::now();
  const CommandResult result =
      run_ferrum({"pull", server.url("/w.safetensors"), "--connections", "3", "--timeout", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(requests.most(), 3);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

class TwoCachesTest : public PullTest {
 protected:
  TwoCachesTest() {
    hub.set_fault([this](const test::ServerRequest& request, bool) {
      return request.path() == "/other.safetensors" ? std::optional(serve_file(request, other))
                                                    : std::nullopt;
    });
    EXPECT_EQ(run_ferrum({"pull", "hf:org/name/model.safetensors"}).exit_code, 0);
    for (const fs::path& path : {blob(), lock()}) {
      fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1));
    }
  }
  fs::path lock() const {
    return folder.path() / "hub/.locks/models--org--name" / (blob().filename().string() + ".lock");
  }

  const test::ServedFile other = test::ServedFile::of(weights_of((1 << 20) + 1));
  const std::string url = hub.content().url("/other.safetensors");
};

TEST_F(TwoCachesTest, TheLimitOfADownloadIsOneForBoth) {
  EXPECT_EQ(run_ferrum({"pull", url, "--max-cache-size", "1500KiB"}).exit_code, 0);
  EXPECT_EQ(run_ferrum({"cache", "list", "hf:org/name"}).exit_code, 1);
  EXPECT_EQ(run_ferrum({"cache", "list", url}).exit_code, 0);
}

TEST_F(TwoCachesTest, WhatIsInUseStaysAndTheNextOneGoes) {
  run_ferrum({"pull", url});
  const int reader = open(blob().c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(reader, LOCK_SH), 0);
  const std::vector<std::string> prune{"cache", "prune", "--max-size", "1500KiB"};
  for (const bool dry_run : {true, false}) {
    std::vector<std::string> command = prune;
    if (dry_run) command.push_back("--dry-run");
    const CommandResult result = run_ferrum(command);
    EXPECT_THAT(result.err, HasSubstr("in use, stays: hf:org/name/model.safetensors"));
    EXPECT_THAT(result.out, AllOf(HasSubstr(url), HasSubstr("remove")));
    EXPECT_EQ(run_ferrum({"cache", "list", url}).exit_code, dry_run ? 0 : 1);
  }
  EXPECT_TRUE(fs::exists(blob()));
  close(reader);
}

TEST_F(TwoCachesTest, WhatAnotherToolTookIsItsOwn) {
  run_ferrum({"pull", url});
  fs::remove(lock());  // as huggingface_hub does
  EXPECT_THAT(run_ferrum({"cache", "list"}).out, HasSubstr("hf:org/name  (of another tool)\n"));
  const CommandResult all = run_ferrum({"cache", "prune", "--max-size", "0"});
  EXPECT_THAT(all.err, HasSubstr("1.0 MiB that other tools downloaded are not counted"));
  EXPECT_THAT(all.out, AllOf(HasSubstr(url), Not(HasSubstr("hf:org/name"))));
  EXPECT_TRUE(fs::exists(blob()));
  EXPECT_THAT(run_ferrum({"cache", "prune", "hf:org/name"}).out, HasSubstr("removed 1.0 MiB\n"));
  EXPECT_FALSE(fs::exists(blob()));
}

TEST_F(SlowPullTest, TenPullsMakeOneDownload) {
  std::vector<std::future<CommandResult>> pulls;
  for (int i = 0; i < 10; ++i) {
    pulls.push_back(std::async(std::launch::async, [] {
      return run_ferrum({"pull", "hf:org/name/model.safetensors", "--json"});
    }));
  }
  size_t fetched = 0;
  for (auto& pull : pulls) fetched += json_of(pull.get())["fetched_bytes"].get<size_t>();
  EXPECT_EQ(fetched, weights.size());
  EXPECT_EQ(read_file(blob()), weights);
  // Beside it, each of the ten reads the header.
  EXPECT_LT(hub.content().bytes_sent(), static_cast<int64_t>(weights.size()) + 10 * (512 << 10));
}

TEST_F(PullTest, WhatIsConvertedWholeIsWhatTheHubNamesByItsHash) {
  hub.set_fault(
      [&](const test::ServerRequest& request, bool is_content) -> std::optional<test::ServerReply> {
        if (!is_content) return std::nullopt;
        std::string other = weights;
        other.back() = static_cast<char>(other.back() ^ 1);
        return serve_file(request, test::ServedFile::of(other));
      });
  const std::string made = folder.path() / "x.safetensors";
  const CommandResult whole = run_ferrum({"convert", "hf:org/name", made});
  EXPECT_EQ(whole.exit_code, 1);
  EXPECT_THAT(whole.err, HasSubstr("arrived with the hash"));
  EXPECT_FALSE(fs::exists(made));
  // A part has no hash to be compared with; its range alone is read.
  const CommandResult part = run_ferrum({"convert", "hf:org/name", made, "--slice", "0::8"});
  EXPECT_EQ(part.exit_code, 0) << part.err;
  EXPECT_FALSE(fs::exists(blob()));
}

TEST_F(PullTest, WhatTheCacheCannotTakeIsConvertedByRange) {
  const std::string made = folder.path() / "x.safetensors";
  const CommandResult large =
      run_ferrum({"convert", "hf:org/name", made, "--max-cache-size", "1KB"});
  EXPECT_EQ(large.exit_code, 0) << large.err;
  EXPECT_THAT(large.err, AllOf(HasSubstr("the cache may hold"), HasSubstr("read by range")));
  const std::string converted = read_file(made);

  test::ServedFile file = test::ServedFile::of(weights);
  file.etag.clear();
  test::HttpServer server([&](const test::ServerRequest& r) { return serve_file(r, file); });
  const CommandResult unnamed = run_ferrum({"convert", server.url("/w.safetensors"), made});
  EXPECT_EQ(unnamed.exit_code, 0) << unnamed.err;
  EXPECT_THAT(unnamed.err, HasSubstr("cannot be cached"));
  EXPECT_EQ(read_file(made), converted);
}

// FERRUM_KILLS sets how often. None lives long enough to bring the whole file by itself.
TEST_F(SlowPullTest, KilledAtAnyMomentItEndsInAVerifiedFile) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "under ThreadSanitizer the start alone takes longer than the time before a kill";
#endif
  const char* asked = std::getenv("FERRUM_KILLS");
  const int kills = asked ? std::atoi(asked) : 8;
  std::mt19937 random(42);
  int half_way = 0, whole = 0;
  for (int i = 0; i < kills; ++i) {
    Running pull({"pull", "hf:org/name"});
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 3000));
    pull.kill();
    std::error_code error;
    const auto arrived = fs::file_size(blob().string() + ".incomplete", error);
    half_way += !error && arrived > 0;
    if (!fs::exists(blob())) continue;
    ++whole;
    ASSERT_EQ(read_file(blob()), weights);
    run_ferrum({"cache", "prune", "hf:org/name"});
  }
  EXPECT_GE(half_way, kills / 4);
  EXPECT_GE(whole, kills / 16) << "each goes on where the last was killed";
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
