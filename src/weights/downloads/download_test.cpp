#include "weights/downloads/download.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "support/child_process.h"
#include "support/expect_error.h"
#include "support/forbid_calls.h"
#include "support/scripted_source.h"
#include "support/temp_folder.h"
#include "weights/downloads/file_lock.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::ChildProcess;
using test::pattern_bytes;
using test::ScriptedSource;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kMiB = int64_t{1} << 20;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class DownloadTest : public testing::Test {
 protected:
  Download make(std::unique_ptr<ScriptedSource> source) {
    Download d;
    d.path = folder.path() / "made/object";
    d.lock = folder.path() / "locks/object.lock";
    d.content = {"object", "\"v1\"", source->size(), Digest::sha256()};
    d.hash = hash;
    d.stream = [this, shared = std::shared_ptr(std::move(source))](
                   int64_t from, FunctionRef<void(std::span<const std::byte>)> sink,
                   const std::stop_token&) {
      ++opened;
      offset = from;
      shared->stream(from, shared->size() - from, sink);
    };
    return d;
  }
  Download make(const std::string& content, int64_t fail_at = -1) {
    auto source = std::make_unique<ScriptedSource>(content);
    source->fail_at = fail_at;
    return make(std::move(source));
  }

  Error fail(const Download& d, const std::stop_token& stop = {}) {
    return test::error_of([&] { download(d, stop, {}); });
  }

  const test::TempFolder folder;
  const std::string bytes = pattern_bytes(24 * kMiB + 123);
  const std::string hash = sha256_hex(bytes);
  int opened = 0;
  int64_t offset = -1;
};

TEST(DigestTest, AgreesWithPublishedVectors) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Digest::git_blob(0).hex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  Digest hello = Digest::git_blob(6);  // echo hello | git hash-object --stdin
  hello.update(std::as_bytes(std::span("hel", 3)));
  const Digest part = hello;
  hello.update(std::as_bytes(std::span("lo\n", 3)));
  EXPECT_EQ(hello.hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(hello.hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_NE(part.hex(), hello.hex());
}

TEST_F(DownloadTest, AFileAppearsWholeAndAlone) {
  const Download d = make(bytes);
  std::vector<int64_t> seen;
  download(d, {}, [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, d.content.size);
    seen.push_back(done);
  });
  EXPECT_EQ(read_file(d.path), bytes);
  EXPECT_THAT(names_in(d.path.parent_path()), ElementsAre("object"));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), d.content.size);
  download(d, {}, {});
  EXPECT_EQ(opened, 1);
}

TEST_F(DownloadTest, AnEmptyFileNeedsNoBytes) {
  Download d = make("");
  d.hash = sha256_hex("");
  download(d, {}, {});
  EXPECT_TRUE(fs::exists(d.path));
  EXPECT_EQ(opened, 0);
}

TEST_F(DownloadTest, ACutOneGoesOnWhereItStopped) {
  const Error error = fail(make(bytes, 20 * kMiB));
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(names_in(folder.path() / "made"),
              ElementsAre("object.incomplete", "object.incomplete.json"));
  const Download d = make(bytes);
  download(d, {}, {});
  EXPECT_EQ(offset, 20 * kMiB);
  EXPECT_EQ(read_file(d.path), bytes);
  EXPECT_THAT(names_in(folder.path() / "made"), ElementsAre("object"));
}

TEST_F(DownloadTest, AStoppedOneGoesOnWhereItStopped) {
  std::stop_source stop;
  const Download d = make(bytes);
  try {
    download(d, stop.get_token(), [&](int64_t done, int64_t) {
      if (done >= 8 * kMiB) stop.request_stop();
    });
    FAIL() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  download(d, {}, {});
  EXPECT_EQ(offset, 8 * kMiB);
  EXPECT_EQ(read_file(d.path), bytes);
}

TEST_F(DownloadTest, WhatHasArrivedOutlastsAnyErrorOfTheStream) {
  Download cut = make(bytes);
  cut.stream = [this](int64_t, FunctionRef<void(std::span<const std::byte>)> sink,
                      const std::stop_token&) {
    sink(std::as_bytes(std::span(bytes)).first(8 * kMiB));
    throw Error(ErrorCode::kInvalidFormat, "the answer holds no credentials");
  };
  EXPECT_EQ(fail(cut).code(), ErrorCode::kInvalidFormat);
  download(make(bytes), {}, {});
  EXPECT_EQ(offset, 8 * kMiB);
}

TEST_F(DownloadTest, ThatItIsThereIsSaidBeforeAnybodyCanRemoveIt) {
  Download d = make(bytes);
  int said = 0;
  d.when_there = [&] {
    EXPECT_TRUE(fs::exists(d.path));
    EXPECT_EQ(FileLock::exclusive(d.lock).held(), ++said == 2);
  };
  download(d, {}, {});
  download(d, {}, {});  // made by another
  EXPECT_EQ(said, 2);
}

TEST_F(DownloadTest, BytesOfAnotherVersionAreThrownAway) {
  fail(make(pattern_bytes(bytes.size(), 7), 20 * kMiB));
  Download d = make(bytes);
  d.content.validator = "\"v2\"";
  download(d, {}, {});
  EXPECT_EQ(offset, 0);
  EXPECT_EQ(read_file(d.path), bytes);
}

TEST_F(DownloadTest, DamagedBytesAreNotBuiltUpon) {
  const fs::path partial = folder.path() / "made/object.incomplete";
  const auto damage = [&](const std::function<void()>& action) {
    fail(make(bytes, 20 * kMiB));
    action();
    const Download d = make(bytes);
    download(d, {}, {});
    EXPECT_EQ(offset, 0);
    EXPECT_EQ(read_file(d.path), bytes);
    fs::remove(d.path);
  };
  damage([&] {
    std::fstream file(partial, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5 * kMiB);
    file.put('\x55');
  });
  damage([&] { fs::resize_file(partial, 19 * kMiB); });
  damage([&] { fs::remove(partial.string() + ".json"); });
  damage([&] { folder.write("made/object.incomplete.json", "{\"bytes\": -1}"); });
}

TEST_F(DownloadTest, BytesAfterTheRecordAreCutOff) {
  fail(make(bytes, 20 * kMiB));
  std::ofstream(folder.path() / "made/object.incomplete", std::ios::app) << "torn";
  const Download d = make(bytes);
  download(d, {}, {});
  EXPECT_EQ(offset, 20 * kMiB);
  EXPECT_EQ(read_file(d.path), bytes);
}

TEST_F(DownloadTest, AWrongHashLeavesNothing) {
  const Error error = fail(make(pattern_bytes(bytes.size(), 7)));
  EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("object"), HasSubstr(hash)));
  EXPECT_THAT(names_in(folder.path() / "made"), IsEmpty());
}

TEST_F(DownloadTest, RecordsThatAKillLeftHalfWrittenAreSweptByTheNext) {
  const Download d = make(bytes);
  fs::create_directories(d.path.parent_path());
  std::ofstream(d.path.parent_path() / "object.incomplete.json.0123abcd.tmp") << "{";
  std::ofstream(d.path.parent_path() / "another.incomplete.json.0123abcd.tmp") << "{";
  download(d, {}, {});
  EXPECT_THAT(names_in(d.path.parent_path()),
              ElementsAre("another.incomplete.json.0123abcd.tmp", "object"));
}

TEST_F(DownloadTest, AFileThatWasCutShortLaterIsMadeAgain) {
  const Download d = make(bytes);
  download(d, {}, {});
  fs::resize_file(d.path, bytes.size() / 2);
  download(d, {}, {});
  EXPECT_EQ(read_file(d.path), bytes);
  EXPECT_EQ(opened, 2);
}

TEST_F(DownloadTest, AnObjectOfAnotherSizeIsRefused) {
  for (const int more : {-1, 1}) {
    Download d = make(bytes);
    d.content.size += more;
    EXPECT_EQ(fail(d).code(), ErrorCode::kIo);
  }
  EXPECT_THAT(names_in(folder.path() / "made"),
              ElementsAre("object.incomplete", "object.incomplete.json"));
  Download d = make(bytes);
  download(d, {}, {});
  EXPECT_EQ(read_file(d.path), bytes);
}

TEST_F(DownloadTest, TenProcessesMakeOneDownload) {
  auto source = std::make_unique<ScriptedSource>(bytes);
  source->delay = std::chrono::milliseconds(2);
  Download d = make(std::move(source));
  const fs::path count = folder.path() / "count";
  d.stream = [stream = d.stream, count](int64_t from, auto sink, const std::stop_token& stop) {
    std::ofstream(count, std::ios::app) << "x";
    stream(from, sink, stop);
  };
  std::vector<ChildProcess> processes;
  for (int i = 0; i < 10; ++i) {
    processes.emplace_back([&] {
      int64_t last = -1;
      download(d, {}, [&](int64_t done, int64_t) { last = done; });
      return read_file(d.path) == bytes && last > 0 ? 0 : 1;
    });
  }
  for (ChildProcess& process : processes) EXPECT_EQ(process.wait(), 0);
  EXPECT_EQ(read_file(count), "x");
  EXPECT_THAT(names_in(folder.path() / "made"), ElementsAre("object"));
}

// FERRUM_KILLS sets how often.
TEST_F(DownloadTest, KilledAtAnyMomentItEndsInAVerifiedFile) {
  const char* asked = std::getenv("FERRUM_KILLS");
  const int kills = asked ? std::atoi(asked) : 12;
  std::mt19937 random(42);
  auto source = std::make_unique<ScriptedSource>(bytes);
  source->delay = std::chrono::microseconds(200);
  const Download d = make(std::move(source));
  int finished = 0;
  for (int i = 0; i < kills; ++i) {
    ChildProcess process([&] {
      download(d, {}, {});
      return 0;
    });
    usleep(static_cast<useconds_t>(random() % 60'000));
    process.kill();
    if (!fs::exists(d.path)) continue;
    ASSERT_EQ(read_file(d.path), bytes);
    fs::remove(d.path);
    ++finished;
  }
  download(d, {}, {});
  EXPECT_EQ(read_file(d.path), bytes);
  EXPECT_THAT(names_in(folder.path() / "made"), ElementsAre("object"));
  RecordProperty("finished_before_the_kill", finished);
}

// Exit codes of a child that expects an error.
constexpr int kAsExpected = 0, kOther = 1, kNotPossibleHere = 77;

int expect_in_child(const Download& d, ErrorCode code, const std::string& text) {
  try {
    download(d, {}, {});
  } catch (const Error& error) {
    const bool as_expected =
        error.code() == code && std::string(error.what()).find(text) != std::string::npos;
    if (!as_expected) std::fprintf(stderr, "found: %s\n", error.what());
    return as_expected && !fs::exists(d.path) ? kAsExpected : kOther;
  }
  return kOther;
}

TEST_F(DownloadTest, AFullDiskSaysHowMuchIsNeeded) {
  fs::create_directory(folder.path() / "made");
  ChildProcess process([&] {
    const bool shut_in =
        geteuid() == 0 ? unshare(CLONE_NEWNS) == 0 : unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!shut_in || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", (folder.path() / "made").c_str(), "tmpfs", 0, "size=8m") != 0) {
      return kNotPossibleHere;
    }
    return expect_in_child(make(bytes), ErrorCode::kResourceExhausted,
                           "24.0 MiB are needed, 8.0 MiB are free");
  });
  const int code = process.wait();
  if (code == kNotPossibleHere) GTEST_SKIP() << "this user can mount no small disk";
  EXPECT_EQ(code, kAsExpected);
}

TEST_F(DownloadTest, ALimitOnFileSizesIsSaidToBeOne) {
  ChildProcess process([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{8 << 20, 8 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    return expect_in_child(make(bytes), ErrorCode::kResourceExhausted, "File too large");
  });
  EXPECT_EQ(process.wait(), kAsExpected);
  download(make(bytes), {}, {});
  EXPECT_EQ(offset, 8 * kMiB);
}

TEST_F(DownloadTest, AReadOnlyFolderIsNamed) {
  download(make(bytes), {}, {});
  fs::rename(folder.path() / "made/object", folder.path() / "made/kept");
  fs::permissions(folder.path(), fs::perms{0755});
  for (const char* name : {"made", "locks"}) fs::permissions(folder.path() / name, fs::perms{0555});
  ChildProcess process([&] {
    if (geteuid() == 0 && setuid(65534) != 0) return kNotPossibleHere;
    Download kept = make(bytes);
    kept.path = folder.path() / "made/kept";
    download(kept, {}, {});  // what is there needs no writing
    return expect_in_child(make(bytes), ErrorCode::kIo, folder.path().string() + "/made");
  });
  EXPECT_EQ(process.wait(), kAsExpected);
  for (const char* name : {"made", "locks"}) fs::permissions(folder.path() / name, fs::perms{0755});
}

TEST_F(DownloadTest, WithoutLocksProcessesWorkSideBySide) {
  auto source = std::make_unique<ScriptedSource>(bytes);
  source->delay = std::chrono::milliseconds(1);
  const Download d = make(std::move(source));
  std::vector<ChildProcess> processes;
  for (int i = 0; i < 4; ++i) {
    processes.emplace_back([&] {
      if (!test::forbid_calls({SYS_flock}, ENOLCK)) return kNotPossibleHere;
      download(d, {}, {});
      return read_file(d.path) == bytes ? 0 : 1;
    });
  }
  for (ChildProcess& process : processes) {
    const int code = process.wait();
    if (code == kNotPossibleHere) GTEST_SKIP() << "this kernel filters no system calls";
    EXPECT_EQ(code, 0);
  }
  EXPECT_THAT(names_in(folder.path() / "made"), ElementsAre("object"));
}

}  // namespace
}  // namespace ferrum
