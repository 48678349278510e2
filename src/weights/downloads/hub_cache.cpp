#include "weights/downloads/hub_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>
#include <tuple>

#include "ferrum/types/error.h"
#include "weights/disk.h"
#include "weights/downloads/cached_files.h"
#include "weights/downloads/hub_folder.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModels = "models--";

// Below a folder that may not be there; what cannot be looked at is left out.
template <class Iterator>
std::vector<fs::path> paths_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (Iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    paths.push_back(it->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Links of all snapshots, by the name of the blob.
std::multimap<std::string, fs::path> links_of(const fs::path& repository) {
  std::multimap<std::string, fs::path> links;
  for (const fs::path& path :
       paths_in<fs::recursive_directory_iterator>(repository / "snapshots")) {
    std::error_code error;
    const fs::path target = fs::read_symlink(path, error);
    if (!error) links.emplace(target.filename(), path);
  }
  return links;
}

std::string repo_id_of(const fs::path& repository) {
  std::string id = repository.filename().string().substr(kModels.size());
  if (const size_t mark = id.find("--"); mark != std::string::npos) id.replace(mark, 2, "/");
  return id;
}

HubFolder folder_of(const fs::path& repository) {
  return HubFolder(repository.parent_path(), repo_id_of(repository));
}

// Of a blob, or of the download that is to become one.
std::string hash_of(const fs::path& blob) {
  const std::string name = blob.filename();
  return name.substr(0, name.find('.'));
}

fs::path lock_of(const fs::path& blob) {
  return folder_of(blob.parent_path().parent_path()).lock_path(hash_of(blob));
}

// Its name inside the snapshot: behind snapshots/<commit>/.
std::string name_of_link(const fs::path& repository, const fs::path& link) {
  const std::string path = link.lexically_relative(repository / "snapshots");
  return path.substr(path.find('/') + 1);
}

std::optional<CachedFile> describe(const fs::path& repository, const fs::path& blob,
                                   const std::multimap<std::string, fs::path>& links) {
  struct stat status {};
  if (stat(blob.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  CachedFile file;
  file.source = "huggingface";
  file.location = "hf:" + repo_id_of(repository);
  file.path = blob.string();
  file.size_bytes = static_cast<int64_t>(status.st_size);
  file.complete = blob.extension() != kPartialSuffix;
  // Others have no such record of their downloads.
  file.foreign = file.complete ? !folder_of(repository).is_our_download(hash_of(blob))
                               : !file_exists(blob.string() + ".json");
  file.last_used = std::max(time_of(blob), time_of(lock_of(blob)));
  const auto link = links.find(blob.filename());
  file.name = link != links.end() ? name_of_link(repository, link->second)
              : file.complete     ? "(of no snapshot)"
                                  : name_in_record(blob.string() + ".json");
  return file;
}

// Removes folders from `folder` upwards as far as they are empty, `last` included.
void remove_empty(fs::path folder, const fs::path& last) {
  while (rmdir(folder.c_str()) == 0 && folder != last) folder = folder.parent_path();
}

// What is known of a commit without files: a reader takes a revision without snapshot for damage.
void forget_commit(const fs::path& repository, const std::string& commit) {
  for (const fs::path& ref : paths_in<fs::recursive_directory_iterator>(repository / "refs")) {
    std::error_code error;
    if (!fs::is_regular_file(ref, error)) continue;
    try {
      if (read_file(ref, kMaxRecordBytes) != commit) continue;
    } catch (const Error&) {
      continue;
    }
    unlink(ref.c_str());
    remove_empty(ref.parent_path(), repository / "refs");
  }
  std::error_code error;
  fs::remove_all(repository / ".no_exist" / commit, error);
  fs::remove(repository / "trees" / (commit + ".json"), error);
}

void remove_links(const fs::path& repository, const std::string& hash) {
  const auto links = links_of(repository);
  const auto [begin, end] = links.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    unlink(it->second.c_str());
    const fs::path inside = it->second.lexically_relative(repository / "snapshots");
    const fs::path snapshot = repository / "snapshots" / *inside.begin();
    remove_empty(it->second.parent_path(), snapshot);
    if (!file_exists(snapshot)) forget_commit(repository, *inside.begin());
  }
}

}  // namespace

std::vector<CachedFile> HubCache::list() const {
  check_listable(folder_);
  std::vector<CachedFile> files;
  for (const fs::path& repository : paths_in<fs::directory_iterator>(folder_)) {
    if (!repository.filename().string().starts_with(kModels)) continue;
    const auto links = links_of(repository);
    for (const fs::path& blob : paths_in<fs::directory_iterator>(repository / "blobs")) {
      if (blob.extension() == ".json" || blob.extension() == ".tmp") continue;
      if (auto file = describe(repository, blob, links)) files.push_back(*std::move(file));
    }
  }
  std::sort(files.begin(), files.end(), [](const CachedFile& a, const CachedFile& b) {
    return std::tie(a.last_used, a.path) < std::tie(b.last_used, b.path);
  });
  return files;
}

bool HubCache::remove(const CachedFile& file) {
  const fs::path blob = file.path;
  const fs::path repository = blob.parent_path().parent_path();
  std::error_code error;
  if (fs::is_symlink(blob, error)) return false;
  const bool removed = run_if_unused(blob, lock_of(blob), [&] {
    const bool is_partial = blob.extension() == kPartialSuffix;
    if (!is_partial) remove_links(repository, blob.filename());
    remove_with_record(blob);
    // What another tool downloads there later is not ours.
    if (!is_partial) folder_of(repository).forget_download(hash_of(blob));
  });
  if (!removed) return false;
  if (rmdir((repository / "blobs").c_str()) != 0) return true;
  for (const char* name : {".no_exist", "trees", "refs", "snapshots"}) {
    rmdir((repository / name).c_str());
  }
  rmdir(repository.c_str());
  return true;
}

bool HubCache::is_free(const CachedFile& file) const {
  std::error_code error;
  return !fs::is_symlink(file.path, error) && is_unused(file.path, lock_of(file.path));
}

void HubCache::verify(const CachedFile& file, const std::stop_token& stop,
                      const LoadProgress& progress) const {
  const std::string hash = fs::path(file.path).filename();
  if (!is_content_hash(hash)) {
    throw Error(ErrorCode::kInvalidFormat, file.path + " is not named by a hash",
                "another tool put it there; remove it and download it again");
  }
  verify_hash(file.path, digest_for(hash, file.size_bytes), hash, "remove it and download it again",
              stop, progress);
}

}  // namespace ferrum
