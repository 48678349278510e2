// max_cache_size: what stays, what goes and what is fetched again.

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_cache.h"
#include "support/child_process.h"
#include "support/expect_error.h"
#include "support/scoped_variable.h"
#include "support/scripted_source.h"
#include "support/temp_folder.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/cache_limit.h"
#include "weights/downloads/file_lock.h"
#include "weights/downloads/hub_folder.h"
#include "weights/downloads/object_cache.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int64_t kMiB = int64_t{1} << 20;

std::vector<std::string> names_of(const std::vector<CacheEntry>& entries) {
  std::vector<std::string> names;
  for (const CacheEntry& entry : entries) names.push_back(entry.file.name);
  return names;
}

class CacheLimitTest : public testing::Test {
 protected:
  static CachedObject object(const std::string& name, int64_t bytes) {
    return {.source = "url",
            .identity = name,
            .validator = "\"1\"",
            .location = "https://host/" + name,
            .size_bytes = bytes,
            .sha256 = ""};
  }
  // From which offset on it was asked for; -1: not at all.
  int64_t fetch(
      const std::string& name, int64_t bytes, int64_t fail_at = -1,
      std::chrono::microseconds delay = {}, const std::stop_token& stop = {},
      const std::function<void()>& when_sent = [] {}) {
    test::ScriptedSource source(test::pattern_bytes(static_cast<size_t>(bytes)));
    source.fail_at = fail_at;
    source.delay = delay;
    int64_t asked = -1;
    const auto stream = [&](int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                            const std::stop_token&) {
      asked = offset;
      source.stream(offset, bytes - offset, sink);
      when_sent();
    };
    objects.fetch(object(name, bytes), stream, config, stop, {});
    return asked;
  }
  // A file of the Hub's cache, last used so many seconds ago.
  fs::path add_blob(const std::string& name, int64_t bytes, int age, bool foreign) {
    const HubFolder model(hub_cache_folder(config), "org/name");
    model.make();
    const std::string hash = sha256_hex(name);
    const fs::path blob = model.blob_path(hash), lock = model.lock_path(hash);
    std::ofstream(blob) << test::pattern_bytes(static_cast<size_t>(bytes));
    model.link(std::string(40, 'c'), name, hash);
    fs::create_directories(lock.parent_path());
    std::ofstream(lock) << "";
    if (!foreign) model.note_download(hash);
    for (const fs::path& path : {blob, lock}) {
      fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::seconds(age));
    }
    return blob;
  }
  std::vector<CacheEntry> entries() const { return list(caches); }
  int64_t bytes_kept() const {
    int64_t bytes = 0;
    for (const CacheEntry& entry : entries()) bytes += entry.file.size_bytes;
    return bytes;
  }

  FileLock take_turn() { return FileLock::exclusive(objects.folder() + "/limit.lock"); }

  const test::TempFolder folder;
  WeightLoaderConfig config{.cache_dir = folder.path().string(), .max_cache_size = 4 * kMiB};
  ObjectCache objects{object_cache_folder(config)};
  const WeightCaches caches = open_weight_caches(config);
};

TEST_F(CacheLimitTest, WhatHasArrivedOfAFileIsNoneOfTheOthers) {
  EXPECT_THROW(fetch("a", 3 * kMiB, 2 * kMiB), Error);
  EXPECT_EQ(fetch("a", 3 * kMiB), 2 * kMiB);
  EXPECT_THAT(names_of(entries()), ElementsAre("a"));
}

TEST_F(CacheLimitTest, BothCachesAreOne) {
  const fs::path blob = add_blob("old.bin", 3 * kMiB, 100, false);
  fetch("a", kMiB);
  EXPECT_TRUE(fs::exists(blob));
  fetch("b", kMiB);
  EXPECT_FALSE(fs::exists(blob));
  EXPECT_THAT(names_of(entries()), UnorderedElementsAre("a", "b"));
}

TEST_F(CacheLimitTest, WhatOtherToolsDownloadedIsNeitherCountedNorRemoved) {
  add_blob("theirs.bin", 5 * kMiB, 100, true);
  fetch("a", 2 * kMiB);
  EXPECT_THAT(names_of(entries()), ElementsAre("theirs.bin", "a"));
  EXPECT_TRUE(entries()[0].file.foreign);
  EXPECT_THAT(names_of(prune(entries(), 0).removed), ElementsAre("a"));
  EXPECT_THAT(names_of(remove(entries()).removed), ElementsAre("theirs.bin"));
}

TEST_F(CacheLimitTest, DownloadsAtTheSameTimeLeaveNoMoreThanTheLimit) {
  std::vector<test::ChildProcess> pulls;
  for (const char* name : {"a", "b", "c", "d"}) {
    pulls.emplace_back([this, name] {
      fetch(name, 3 * kMiB / 2, -1, std::chrono::milliseconds(100));
      return 0;
    });
  }
  for (test::ChildProcess& pull : pulls) EXPECT_EQ(pull.wait(), 0);
  EXPECT_LE(bytes_kept(), 4 * kMiB);
  EXPECT_GE(bytes_kept(), 3 * kMiB / 2);
}

// Whoever is removing relies on being the only one.
TEST_F(CacheLimitTest, AStopEndsTheWaitAndRemovesNothing) {
  const fs::path blob = add_blob("old.bin", 3 * kMiB, 100, false);
  std::stop_source stop;
  std::optional<FileLock> turn;
  fetch("a", 2 * kMiB, -1, {}, stop.get_token(), [&] {
    add_blob("old.bin", 3 * kMiB, 100, false);
    turn = take_turn();
    stop.request_stop();
  });
  ASSERT_TRUE(turn->held());
  EXPECT_THAT(names_of(entries()), ElementsAre("old.bin", "a"));
  test::expect_error(ErrorCode::kCancelled, testing::_,
                     [&] { fetch("b", 2 * kMiB, -1, {}, stop.get_token()); });
  EXPECT_THAT(names_of(entries()), ElementsAre("old.bin", "a"));
}

TEST_F(CacheLimitTest, WhatCannotBeRemovedStaysAndTheNextOneGoes) {
  fetch("theirs", kMiB);
  const fs::path theirs = entries()[0].file.path;
  fs::last_write_time(theirs.string() + ".json",
                      fs::file_time_type::clock::now() - std::chrono::seconds(100));
  fetch("mine", 2 * kMiB);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    fs::permissions(entry, fs::perms::all);
  }
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(theirs.parent_path(), fs::perms{0555});
  test::ChildProcess process([&] {
    if (geteuid() == 0 && setuid(65534) != 0) return 1;
    fetch("new", 3 * kMiB);
    return 0;
  });
  EXPECT_EQ(process.wait(), 0);
  EXPECT_THAT(names_of(entries()), UnorderedElementsAre("theirs", "new"));
  fs::permissions(theirs.parent_path(), fs::perms::all);
}

TEST_F(CacheLimitTest, ACacheThatIsUnknownOrNoFolderKeepsNoDownloadFromTheOther) {
  test::ScopedVariable home("HOME", ""), xdg("XDG_CACHE_HOME", "");
  test::ScopedVariable hf_home("HF_HOME", ""), old_hub("HUGGINGFACE_HUB_CACHE", "");
  test::ScopedVariable own("FERRUM_CACHE", folder.path() / "own"), hub("HF_HUB_CACHE", "");
  config.cache_dir.reset();
  objects = ObjectCache(object_cache_folder(config));
  EXPECT_EQ(fetch("a", kMiB), 0);
  folder.write("file", "");
  setenv("HF_HUB_CACHE", (folder.path() / "file").c_str(), 1);
  EXPECT_EQ(fetch("b", kMiB), 0);

  setenv("HF_HUB_CACHE", (folder.path() / "hub").c_str(), 1);
  const HubFolder model(hub_cache_folder(config), "org/name");
  for (const std::string objects_in : {"", "file"}) {
    setenv("FERRUM_CACHE", objects_in.empty() ? "" : (folder.path() / objects_in).c_str(), 1);
    Download d;
    d.path = model.blob_path(sha256_hex("blob" + objects_in));
    d.lock = model.lock_path(d.path.filename().string());
    d.content = {"blob", "1", 4};
    d.stream = [](int64_t, FunctionRef<void(std::span<const std::byte>)> sink,
                  const std::stop_token&) { sink(std::as_bytes(std::span("blob", 4))); };
    EXPECT_EQ(download_within_limit(d, config, {}, {}, {}), 4);
  }
}

TEST_F(CacheLimitTest, TheNextOneGoesWhereTheOldestIsOpen) {
  const fs::path blob = add_blob("old.bin", kMiB, 200, false);
  add_blob("older.bin", kMiB, 300, false);
  fetch("new", kMiB);
  const HubFolder model(hub_cache_folder(config), "org/name");
  const auto reader = model.open(std::string(40, 'c'), "older.bin", "older.bin");
  fs::last_write_time(model.lock_path(sha256_hex("older.bin")),
                      fs::file_time_type::clock::now() - std::chrono::seconds(300));
  for (const bool dry_run : {true, false}) {
    const Pruned pruned = prune(entries(), 2 * kMiB, dry_run);
    EXPECT_THAT(names_of(pruned.in_use), ElementsAre("older.bin"));
    EXPECT_THAT(names_of(pruned.removed), ElementsAre("old.bin"));
    EXPECT_EQ(fs::exists(blob), dry_run);
  }
  EXPECT_THAT(names_of(prune(entries(), 2 * kMiB).removed), IsEmpty());
}

}  // namespace
}  // namespace ferrum
