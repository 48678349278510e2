#include "ferrum/weights/weight_cache.h"

#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "ferrum/types/error.h"
#include "support/child_process.h"
#include "support/expect_error.h"
#include "support/scoped_variable.h"
#include "support/scripted_source.h"
#include "support/temp_folder.h"
#include "weights/disk.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/cached_files.h"
#include "weights/downloads/file_lock.h"
#include "weights/downloads/hub_cache.h"
#include "weights/downloads/hub_folder.h"
#include "weights/downloads/object_cache.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;
using test::ScopedVariable;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kCommit(40, 'c');

// As if it had been used that long ago.
void set_age(const fs::path& path, int seconds) {
  timespec times[2]{};
  clock_gettime(CLOCK_REALTIME, &times[1]);
  times[1].tv_sec -= seconds;
  times[0] = times[1];
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0) << path;
}

std::vector<std::string> names_of(const std::vector<CachedFile>& files) {
  std::vector<std::string> names;
  for (const CachedFile& file : files) names.push_back(file.name);
  return names;
}

std::string text_of(const ByteSource& source) {
  std::string text(static_cast<size_t>(source.size()), '\0');
  source.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

// Of one cache, what is removed.
std::vector<CachedFile> prune(WeightCache& cache, int64_t max_bytes) {
  std::vector<CacheEntry> entries;
  for (const CachedFile& file : cache.list()) entries.push_back({&cache, file});
  std::vector<CachedFile> removed;
  for (const CacheEntry& entry : prune(entries, max_bytes).removed) removed.push_back(entry.file);
  return removed;
}

// What `action` removes from a folder, in order.
std::vector<std::string> removed_by(const fs::path& folder, const std::function<void()>& action) {
  const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  inotify_add_watch(watch, folder.c_str(), IN_DELETE);
  action();
  alignas(inotify_event) char events[4096];
  const ssize_t bytes = read(watch, events, sizeof(events));
  close(watch);
  std::vector<std::string> names;
  for (ssize_t at = 0; at < bytes;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events + at);
    if (event->len > 0) names.emplace_back(event->name);
    at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
  }
  return names;
}

ObjectStream stream_of(const test::ScriptedSource& source) {
  return [source](int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                  const std::stop_token&) { source.stream(offset, source.size() - offset, sink); };
}

TEST(CacheFoldersTest, TheEnvironmentAndTheConfigSayWhere) {
  ScopedVariable home("HOME", "/h"), xdg("XDG_CACHE_HOME", ""), own("FERRUM_CACHE", "");
  ScopedVariable hf_home("HF_HOME", ""), hub("HF_HUB_CACHE", ""), old("HUGGINGFACE_HUB_CACHE", "");
  WeightLoaderConfig config;
  EXPECT_EQ(object_cache_folder(config), "/h/.cache/ferrum/objects");
  EXPECT_EQ(hub_cache_folder(config), "/h/.cache/huggingface/hub");
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(object_cache_folder(config), "/x/ferrum/objects");
  EXPECT_EQ(hub_cache_folder(config), "/x/huggingface/hub");
  setenv("HF_HOME", "~/hf", 1);
  setenv("FERRUM_CACHE", "/f", 1);
  EXPECT_EQ(object_cache_folder(config), "/f/objects");
  EXPECT_EQ(hub_cache_folder(config), "/h/hf/hub");
  setenv("HUGGINGFACE_HUB_CACHE", "/old", 1);
  EXPECT_EQ(hub_cache_folder(config), "/old");
  setenv("HF_HUB_CACHE", "/new", 1);
  EXPECT_EQ(hub_cache_folder(config), "/new");
  config.cache_dir = "/c";
  EXPECT_EQ(object_cache_folder(config), "/c/objects");
  EXPECT_EQ(hub_cache_folder(config), "/c/hub");
}

class ObjectCacheTest : public testing::Test {
 protected:
  static CachedObject object(const std::string& name, const std::string& bytes,
                             const std::string& etag = "\"1\"") {
    return {.source = "url",
            .identity = "https://host/" + name + "?token=secret",
            .validator = etag,
            .location = "https://host/" + name,
            .size_bytes = static_cast<int64_t>(bytes.size()),
            .sha256 = sha256_hex(bytes)};
  }
  void fetch(const std::string& name, const std::string& bytes,
             std::optional<int64_t> max_bytes = {}, const std::string& etag = "\"1\"") {
    fetch(object(name, bytes, etag), test::ScriptedSource(bytes), max_bytes);
  }
  void fetch(const CachedObject& object, const test::ScriptedSource& source,
             std::optional<int64_t> max_bytes = {}) {
    WeightLoaderConfig limited = config;
    limited.max_cache_size = max_bytes;
    cache.fetch(object, stream_of(source), limited, {}, {});
  }
  // Makes the order of use that of the calls.
  void age(const std::string& name) {
    for (const CachedFile& file : cache.list()) {
      if (file.name == name) set_age(file.path + ".json", 1000 - ++aged);
    }
  }

  const test::TempFolder folder;
  const WeightLoaderConfig config{.cache_dir = folder.path().string()};
  ObjectCache cache{object_cache_folder(config)};
  int aged = 0;
};

TEST_F(ObjectCacheTest, KeepsWhatItFetchedUnderItsValidator) {
  const CachedObject a = object("a.bin", "alpha");
  EXPECT_EQ(cache.find(a), nullptr);
  EXPECT_THAT(cache.list(), IsEmpty());
  fetch("a.bin", "alpha");
  const auto found = cache.find(a);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(text_of(*found), "alpha");
  EXPECT_EQ(found->name(), "https://host/a.bin");
  EXPECT_EQ(cache.find(object("a.bin", "alpha", "\"2\"")), nullptr);
  EXPECT_EQ(cache.find(object("b.bin", "alpha")), nullptr);
  const auto files = cache.list();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].source, "url");
  EXPECT_EQ(files[0].location, "https://host/a.bin");
  EXPECT_EQ(files[0].name, "a.bin");
  EXPECT_EQ(files[0].size_bytes, 5);
  EXPECT_TRUE(files[0].complete);
}

TEST_F(ObjectCacheTest, ANewVersionReplacesTheOldOne) {
  fetch("a.bin", "alpha");
  fetch("a.bin", "omega!", {}, "\"2\"");
  EXPECT_EQ(cache.find(object("a.bin", "alpha")), nullptr);
  EXPECT_EQ(text_of(*cache.find(object("a.bin", "omega!", "\"2\""))), "omega!");
  EXPECT_THAT(cache.list(), SizeIs(1));
}

TEST_F(ObjectCacheTest, DownloadsOfOlderVersionsThatNobodyWorksOnGo) {
  const std::string bytes = test::pattern_bytes(3 << 20);
  test::ScriptedSource cut(bytes);
  cut.fail_at = 1 << 20;
  EXPECT_THROW(fetch(object("a.bin", bytes, "\"1\""), cut), Error);
  const fs::path first = cache.list()[0].path;
  EXPECT_THROW(fetch(object("a.bin", bytes, "\"2\""), cut), Error);
  const auto lock_path = [](fs::path partial) { return partial.replace_extension(".lock"); };
  {
    const FileLock maker = FileLock::exclusive(lock_path(first));
    fetch("a.bin", "omega", {}, "\"3\"");
    EXPECT_THAT(cache.list(), SizeIs(2));
    EXPECT_TRUE(fs::exists(first));
  }
  fetch("a.bin", "omega", {}, "\"3\"");
  EXPECT_THAT(cache.list(), SizeIs(1));
  EXPECT_FALSE(fs::exists(first));
  EXPECT_FALSE(fs::exists(first.string() + ".json"));
  EXPECT_FALSE(fs::exists(lock_path(first)));
}

TEST_F(ObjectCacheTest, NoSecretReachesTheDisk) {
  fetch("a.bin", "alpha");
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("secret")));
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(read_file(entry.path(), 1000), Not(HasSubstr("secret")));
  }
}

TEST_F(ObjectCacheTest, TheLeastRecentlyUsedGoFirst) {
  for (const char* name : {"a", "b", "c"}) {
    fetch(name, std::string(100, *name));
    age(name);
  }
  EXPECT_NE(cache.find(object("a", std::string(100, 'a'))), nullptr);  // used again
  fetch("d", std::string(100, 'd'), 300);
  EXPECT_THAT(names_of(cache.list()), ::testing::UnorderedElementsAre("a", "c", "d"));
  EXPECT_THAT(names_of(prune(cache, 150)), ::testing::UnorderedElementsAre("c", ::testing::_));
  EXPECT_THAT(cache.list(), SizeIs(1));
}

TEST_F(ObjectCacheTest, WhatIsReadOrMadeStays) {
  fetch("open", std::string(100, 'o'));
  fetch("viewed", std::string(100, 'v'));
  fetch("locked", std::string(100, 'l'));
  fetch("free", std::string(100, 'f'));
  const auto open = cache.find(object("open", std::string(100, 'o')));
  const auto view = cache.find(object("viewed", std::string(100, 'v')))->storage();
  std::string locked;
  for (const CachedFile& file : cache.list()) {
    if (file.name == "locked") locked = file.path;
  }
  const FileLock maker = FileLock::exclusive(locked + ".lock");
  // From another process, as a second program would.
  test::ChildProcess pruner([&] { return static_cast<int>(prune(cache, 0).size()); });
  EXPECT_EQ(pruner.wait(), 1);
  EXPECT_THAT(names_of(cache.list()), ::testing::UnorderedElementsAre("open", "viewed", "locked"));
  EXPECT_THAT(prune(cache, 0), IsEmpty());  // and from this one
}

TEST_F(ObjectCacheTest, AFileLargerThanTheCacheIsRefusedWithBothSizes) {
  try {
    fetch("large", std::string(2048, 'x'), 1024);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("2.0 KiB"), HasSubstr("1.0 KiB")));
    EXPECT_THAT(error.hint(), HasSubstr("max_cache_size"));
  }
  EXPECT_THAT(cache.list(), IsEmpty());
}

TEST_F(ObjectCacheTest, VerifyFindsDamageAndSaysTheWayBack) {
  CachedObject packed = object("b.bin", "alpha");
  packed.source = "packed";
  fetch("a.bin", "alpha");
  fetch(packed, test::ScriptedSource("alpha"));
  for (const CachedFile& file : cache.list()) {
    cache.verify(file, {}, {});
    std::ofstream(file.path) << "alphA";
    const Error error = test::error_of([&] { cache.verify(file, {}, {}); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat);
    EXPECT_THAT(error.hint(), HasSubstr(file.source == "packed" ? "made again" : "download it"));
  }
}

TEST_F(ObjectCacheTest, InterruptedDownloadsAreListedAndPruned) {
  const std::string bytes = test::pattern_bytes(3 << 20);
  const CachedObject a = object("a.bin", bytes);
  test::ScriptedSource source(bytes);
  source.fail_at = 2 << 20;
  EXPECT_THROW(fetch(a, source), Error);
  const auto files = cache.list();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_FALSE(files[0].complete);
  EXPECT_EQ(files[0].location, "https://host/a.bin");
  EXPECT_EQ(files[0].size_bytes, 2 << 20);
  EXPECT_THAT(prune(cache, 0), SizeIs(1));
  EXPECT_THAT(cache.list(), IsEmpty());
}

// Whoever has the lock finds all or nothing.
TEST_F(ObjectCacheTest, TheLockGoesLast) {
  const std::string bytes = test::pattern_bytes(3 << 20);
  test::ScriptedSource cut(bytes);
  cut.fail_at = 2 << 20;
  EXPECT_THROW(fetch(object("a.bin", bytes), cut), Error);
  for (const std::string end : {".incomplete", ""}) {
    const CachedFile file = cache.list()[0];
    const fs::path path = file.path;
    const std::string name = path.filename();
    const std::string lock = name.substr(0, name.find('.')) + ".lock";
    EXPECT_EQ(path.extension(), end);
    EXPECT_THAT(removed_by(path.parent_path(), [&] { EXPECT_TRUE(cache.remove(file)); }),
                ElementsAre(name, name + ".json", lock));
    fetch("a.bin", bytes);
  }
}

TEST_F(ObjectCacheTest, LeftoversOfTheKilledAreSwept) {
  fetch("a.bin", "alpha");
  const fs::path beside = fs::path(cache.list()[0].path).parent_path();
  const fs::path fresh = beside / "x.0123abce.tmp", unfinished = beside / "y.incomplete";
  const fs::path record = beside / "y.incomplete.json", spent = beside / "z.incomplete.json";
  const fs::path old = beside / "x.0123abcd.incomplete";
  for (const fs::path& path : {fresh, unfinished, record, spent, old}) std::ofstream(path) << "x";
  for (const fs::path& path : {unfinished, record, spent, old}) set_age(path, 25 * 60 * 60);
  fetch("a.bin", "omega", {}, "\"2\"");
  EXPECT_FALSE(fs::exists(old));
  EXPECT_FALSE(fs::exists(spent));
  for (const fs::path& path : {fresh, unfinished, record}) EXPECT_TRUE(fs::exists(path)) << path;
}

class HubCacheTest : public testing::Test {
 protected:
  // A file of a commit, as a download leaves it.
  void add(const std::string& repo, const std::string& commit, const std::string& file,
           const std::string& bytes, int age) {
    const HubFolder model(root, repo);
    model.make();
    const std::string hash = sha256_hex(bytes);
    std::ofstream(model.blob_path(hash)) << bytes;
    model.link(commit, file, hash);
    FileLock::exclusive(model.lock_path(hash));
    model.note_download(hash);
    set_age(model.blob_path(hash), age);
    set_age(model.lock_path(hash), age);
  }

  const test::TempFolder folder;
  const fs::path root = folder.path() / "hub";
  HubCache cache{root};
};

TEST_F(HubCacheTest, TheLayoutIsTheSharedOne) {
  add("org/name", kCommit, "sub/folder/w.bin", "bytes", 0);
  const HubFolder model(root, "org/name");
  model.note_commit("refs/pr/1", kCommit);
  model.note_missing(kCommit, "no.json");
  const fs::path repository = root / "models--org--name";
  EXPECT_EQ(fs::read_symlink(repository / "snapshots" / kCommit / "sub/folder/w.bin"),
            "../../../../blobs/" + sha256_hex("bytes"));
  EXPECT_EQ(read_file(repository / "refs/refs/pr/1", 100), kCommit);
  EXPECT_EQ(model.find_commit("refs/pr/1"), kCommit);
  EXPECT_TRUE(model.is_known_missing(kCommit, "no.json"));
  EXPECT_FALSE(model.is_known_missing(kCommit, "sub/folder/w.bin"));
  EXPECT_THAT(model.files_in_snapshot(kCommit), ElementsAre("sub/folder/w.bin"));
  EXPECT_TRUE(read_file(root / "CACHEDIR.TAG", 1000)
                  .starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

TEST_F(HubCacheTest, AReferenceThatIsNoCommitIsNone) {
  const HubFolder model(root, "org/name");
  for (const std::string& text : {std::string("../../x"), kCommit + "\n", std::string(40, 'g')}) {
    folder.write("hub/models--org--name/refs/main", text);
    EXPECT_EQ(model.find_commit("main"), std::nullopt);
  }
}

TEST_F(HubCacheTest, AListingIsReadBackAndABadOneIsNone) {
  const HubFolder model(root, "org/name");
  const std::vector<HubFile> files{{"a/b.json", 5, std::string(40, 'a')},
                                   {"w.bin", 7, std::string(64, 'b')}};
  model.note_tree(kCommit, files);
  EXPECT_EQ(model.find_tree(kCommit), files);
  for (const char* entry :
       {R"({"../x": {"size": 1, "blob_id": "HASH"}})", R"({"x": {"size": -1, "blob_id": "HASH"}})",
        R"({"x": {"size": 1, "blob_id": "../../x"}})", R"({"x": {"size": "1"}})", R"([1])"}) {
    std::string text = entry;
    if (const size_t at = text.find("HASH"); at != std::string::npos) {
      text.replace(at, 4, std::string(40, 'a'));
    }
    folder.write("hub/models--org--name/trees/" + std::string(40, 'd') + ".json",
                 R"({"format_version": 1, "files": )" + text + "}");
    EXPECT_EQ(model.find_tree(std::string(40, 'd')), std::nullopt) << entry;
  }
}

TEST_F(HubCacheTest, ABlobGoesWithItsLinksAndTheCommitsThatAreEmptyThen) {
  const std::string other(40, 'd');
  add("org/name", kCommit, "old.bin", "old", 500);
  add("org/name", kCommit, "sub/both.bin", "both", 400);
  add("org/name", other, "renamed.bin", "both", 400);
  add("org/name", other, "new.bin", "new", 0);
  const HubFolder model(root, "org/name");
  model.note_commit("main", other);
  model.note_commit("old", kCommit);
  EXPECT_THAT(cache.list(), SizeIs(3));
  EXPECT_THAT(names_of(prune(cache, 7)), ElementsAre("old.bin"));
  EXPECT_EQ(model.find_commit("old"), kCommit);
  EXPECT_THAT(prune(cache, 3), SizeIs(1));
  EXPECT_FALSE(fs::exists(root / "models--org--name/snapshots" / kCommit));
  EXPECT_EQ(model.find_commit("old"), std::nullopt);
  EXPECT_EQ(model.find_commit("main"), other);
  EXPECT_THAT(model.files_in_snapshot(other), ElementsAre("new.bin"));
  EXPECT_THAT(prune(cache, 0), SizeIs(1));
  EXPECT_FALSE(fs::exists(root / "models--org--name"));
}

TEST_F(HubCacheTest, OpenFilesAndThoseOfOthersStay) {
  add("org/name", kCommit, "open.bin", "open", 500);
  add("org/name", kCommit, "free.bin", "free", 400);
  const HubFolder model(root, "org/name");
  const std::string shared(64, 'e');
  folder.write("hub/blobs/ee/x", "shared");
  fs::create_symlink("../../blobs/ee/x", model.blob_path(shared));
  model.link(kCommit, "shared.bin", shared);
  const auto open = model.open(kCommit, "open.bin", "open.bin");
  EXPECT_EQ(text_of(*model.open(kCommit, "shared.bin", "shared.bin")), "shared");
  EXPECT_THAT(names_of(prune(cache, 0)), ElementsAre("free.bin"));
  EXPECT_THAT(model.files_in_snapshot(kCommit), ElementsAre("open.bin", "shared.bin"));
}

TEST_F(HubCacheTest, ABlobThatIsNotThereOrBeingRemovedGetsNoLink) {
  add("org/name", kCommit, "a.bin", "a", 0);
  const HubFolder model(root, "org/name");
  const FileLock remover = FileLock::exclusive_existing(model.blob_path(sha256_hex("a")));
  for (const char* bytes : {"a", "gone"}) {
    test::expect_error(ErrorCode::kResourceExhausted, HasSubstr("left the cache"),
                       [&] { model.link(kCommit, "b.bin", sha256_hex(bytes)); });
  }
  EXPECT_THAT(model.files_in_snapshot(kCommit), ElementsAre("a.bin"));
}

TEST_F(HubCacheTest, WhatAnotherToolDownloadsInPlaceOfARemovedBlobIsNotOurs) {
  add("org/name", kCommit, "a.bin", "a", 500);
  EXPECT_FALSE(cache.list()[0].foreign);
  EXPECT_TRUE(cache.remove(cache.list()[0]));
  folder.write("hub/models--org--name/blobs/" + sha256_hex("a"), "a");
  EXPECT_TRUE(cache.list()[0].foreign);
}

TEST_F(HubCacheTest, UseIsNoted) {
  add("org/name", kCommit, "a.bin", "a", 500);
  add("org/name", kCommit, "b.bin", "b", 400);
  EXPECT_THAT(names_of(cache.list()), ElementsAre("a.bin", "b.bin"));
  HubFolder(root, "org/name").open(kCommit, "a.bin", "a.bin");
  EXPECT_THAT(names_of(cache.list()), ElementsAre("b.bin", "a.bin"));
}

TEST_F(HubCacheTest, VerifyComparesWithTheName) {
  add("org/name", kCommit, "a.bin", "abc", 0);
  const CachedFile file = cache.list()[0];
  cache.verify(file, {}, {});
  std::ofstream(file.path) << "abd";
  test::expect_error(ErrorCode::kInvalidFormat, testing::_, [&] { cache.verify(file, {}, {}); });
}

TEST_F(HubCacheTest, AFolderThatIsNotThereIsEmpty) {
  EXPECT_THAT(cache.list(), IsEmpty());
  EXPECT_THAT(prune(cache, 0), IsEmpty());
}

}  // namespace
}  // namespace ferrum
