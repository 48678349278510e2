#include "weights/downloads/hub_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "weights/disk.h"
#include "weights/downloads/cached_files.h"
#include "weights/downloads/file_lock.h"
#include "weights/model_file_name.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxTreeBytes = int64_t{64} << 20;

// By which backups leave it out: https://bford.info/cachedir
constexpr const char* kCacheTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Models of the Hugging Face Hub, which can be downloaded again.\n";

std::string folder_name(const std::string& repo_id) {
  std::string name = "models--" + repo_id;
  if (const size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// In the lock of a blob that we downloaded.
constexpr std::string_view kOurs = "downloaded by ferrum\n";

// Other tools may have removed their lock. A read-only cache keeps no order of use.
void mark_used(const fs::path& lock) try {
  if (!file_exists(lock)) FileLock::exclusive(lock);  // makes it
  set_time_to_now(lock);
} catch (const Error&) {
}

// The blob that a snapshot's link points to; empty for a file without link.
std::string linked_hash(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  return error ? std::string() : target.filename().string();
}

// As the Hub lists it and huggingface_hub writes it: the hash of a large file is that of its
// content, not of the pointer in git.
HubFile parse_tree_entry(const std::string& name, const Json& entry) {
  HubFile file{name, get_strictly<int64_t>(entry.at("size")), {}};
  const bool large = entry.contains("lfs_sha256");
  file.hash = get_strictly<std::string>(entry.at(large ? "lfs_sha256" : "blob_id"));
  if (!is_model_file_name(name) || file.size < 0 || !is_content_hash(file.hash)) {
    throw Error(ErrorCode::kInvalidFormat, "not the listing of a commit");
  }
  return file;
}

}  // namespace

bool is_commit(std::string_view text) { return is_hex(text, 40); }
bool is_content_hash(std::string_view text) { return is_hex(text, 64) || is_hex(text, 40); }

Digest digest_for(std::string_view hash, int64_t size) {
  return hash.size() == 64 ? Digest::sha256() : Digest::git_blob(size);
}

HubFolder::HubFolder(const fs::path& cache, const std::string& repo_id)
    : cache_(cache), path_(cache / folder_name(repo_id)) {}

fs::path HubFolder::blob_path(std::string_view hash) const { return path_ / "blobs" / hash; }

fs::path HubFolder::lock_path(std::string_view hash) const {
  return cache_ / ".locks" / path_.filename() / (std::string(hash) + ".lock");
}

bool HubFolder::is_our_download(std::string_view hash) const try {
  return read_file(lock_path(hash), kMaxRecordBytes) == kOurs;
} catch (const Error&) {  // there is none
  return false;
}

fs::path HubFolder::snapshot_path(const std::string& commit) const {
  return path_ / "snapshots" / commit;
}

std::optional<std::string> HubFolder::find_commit(const std::string& revision) const {
  if (is_commit(revision)) return revision;
  try {
    const std::string commit = read_file(path_ / "refs" / revision, kMaxRecordBytes);
    if (is_commit(commit)) return commit;
  } catch (const Error&) {  // none, or nothing that one could use
  }
  return std::nullopt;
}

std::unique_ptr<ByteSource> HubFolder::open(const std::string& commit, const std::string& file,
                                            const std::string& name) const {
  const fs::path path = snapshot_path(commit) / file;
  if (!is_there(path)) return nullptr;
  if (const std::string hash = linked_hash(path); !hash.empty()) mark_used(lock_path(hash));
  return open_cached(path, name);
}

std::optional<int64_t> HubFolder::find_size(const std::string& commit,
                                            const std::string& file) const {
  const fs::path path = snapshot_path(commit) / file;
  std::error_code error;
  const auto size = is_there(path) ? fs::file_size(path, error) : 0;
  if (error || !is_there(path)) return std::nullopt;
  return static_cast<int64_t>(size);
}

bool HubFolder::is_known_missing(const std::string& commit, const std::string& file) const {
  return is_there(path_ / ".no_exist" / commit / file);
}

std::vector<std::string> HubFolder::files_in_snapshot(const std::string& commit) const {
  const fs::path root = snapshot_path(commit);
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end;
       it.increment(error)) {
    if (is_there(it->path())) files.push_back(it->path().lexically_relative(root));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<std::vector<HubFile>> HubFolder::find_tree(const std::string& commit) const {
  const fs::path path = path_ / "trees" / (commit + ".json");
  try {
    const Json tree = parse_json(read_file(path, kMaxTreeBytes), path.string());
    if (tree.at("format_version") != 1) return std::nullopt;
    std::vector<HubFile> files;
    for (const auto& [name, entry] : tree.at("files").items()) {
      files.push_back(parse_tree_entry(name, entry));
    }
    return files;
  } catch (const Error&) {  // as if there were none: the Hub is asked instead
  } catch (const Json::exception&) {
  }
  return std::nullopt;
}

void HubFolder::make() const {
  for (const char* name : {"blobs", "refs", "snapshots"}) make_folders(path_ / name);
  const fs::path tag = cache_ / "CACHEDIR.TAG";
  if (!file_exists(tag)) replace_file(tag, kCacheTag);
}

// In place: a new file would not be locked.
void HubFolder::note_download(std::string_view hash) const {
  const fs::path path = lock_path(hash);
  const int lock = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) throw write_error(path, errno);
  const bool written = write(lock, kOurs.data(), kOurs.size()) == std::ssize(kOurs);
  const int error = errno;
  close(lock);
  if (!written) throw write_error(path, error);
}

// Another user's lock stays as it is.
void HubFolder::forget_download(std::string_view hash) const {
  std::error_code error;
  fs::resize_file(lock_path(hash), 0, error);
}

void HubFolder::link(const std::string& commit, const std::string& file,
                     std::string_view hash) const {
  const fs::path path = snapshot_path(commit) / file;
  if (is_there(path) && linked_hash(path) == hash) return;
  make_folders(path.parent_path());
  // Who removes the blob now would not see the link.
  const FileLock reader = FileLock::shared(blob_path(hash));
  if (reader.state() == FileLock::State::kBusy) {
    throw Error(ErrorCode::kResourceExhausted, file + " has left the cache again",
                "try again, with a larger max_cache_size if there is one");
  }
  const fs::path target = blob_path(hash).lexically_relative(path.parent_path());
  const fs::path fresh = path.string() + "." + random_suffix() + ".tmp";
  if (symlink(target.c_str(), fresh.c_str()) != 0) throw write_error(path, errno);
  if (rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(fresh.c_str());
    throw write_error(path, error);
  }
}

void HubFolder::note_commit(const std::string& revision, const std::string& commit) const {
  if (revision == commit || find_commit(revision) == commit) return;
  const fs::path path = path_ / "refs" / revision;
  make_folders(path.parent_path());
  // A reader of the cache takes a revision without snapshot for damage.
  make_folders(snapshot_path(commit));
  replace_file(path, commit);
}

void HubFolder::note_missing(const std::string& commit, const std::string& file) const {
  const fs::path path = path_ / ".no_exist" / commit / file;
  if (is_there(path)) return;
  make_folders(path.parent_path());
  replace_file(path, "");
}

void HubFolder::note_tree(const std::string& commit, const std::vector<HubFile>& files) const {
  const fs::path path = path_ / "trees" / (commit + ".json");
  if (is_there(path)) return;
  Json entries = Json::object();
  for (const HubFile& file : files) {
    Json& entry = entries[file.name];
    entry = {{"size", file.size}, {"blob_id", file.hash}};
    if (file.hash.size() == 64) entry.update({{"lfs_sha256", file.hash}, {"lfs_size", file.size}});
  }
  make_folders(path.parent_path());
  replace_file(path, Json{{"format_version", 1}, {"files", entries}}.dump(1));
}

}  // namespace ferrum
