#pragma once
// One repository in the cache of the Hugging Face Hub, as huggingface_hub and others keep it too:
//
//   <cache>/models--org--name/blobs/<hash>                 contents, by sha256 or by git's hash
//   <cache>/models--org--name/snapshots/<commit>/<file>    a relative link to its blob
//   <cache>/models--org--name/refs/<revision>              the commit that it was last seen at
//   <cache>/models--org--name/trees/<commit>.json          all files of a commit
//   <cache>/models--org--name/.no_exist/<commit>/<file>    known not to be there
//   <cache>/.locks/models--org--name/<hash>.lock           held by who makes or removes a blob; its
//                                                          time is that of the last use by us, and
//                                                          it says so where we downloaded the blob
//                                                          (other tools remove or empty it)
// Names of files and revisions are is_model_file_name, commits and hashes hexadecimal: the caller
// has checked them before they get here.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/weights/byte_source.h"
#include "weights/downloads/digest.h"

namespace ferrum {

// A file of a commit.
struct HubFile {
  std::string name;
  int64_t size = 0;
  std::string hash;  // of its content: 64 digits of sha256, or 40 of git's SHA-1

  bool operator==(const HubFile&) const = default;
};

bool is_commit(std::string_view text);
bool is_content_hash(std::string_view text);

// The digest that comes to such a hash for a content of `size` bytes.
Digest digest_for(std::string_view hash, int64_t size);

class HubFolder {
 public:
  // `repo_id`: "org/name" or "name".
  HubFolder(const std::filesystem::path& cache, const std::string& repo_id);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path blob_path(std::string_view hash) const;
  std::filesystem::path lock_path(std::string_view hash) const;

  // Whether we downloaded the blob, and no other tool has locked it since.
  bool is_our_download(std::string_view hash) const;

  // What is known without asking the Hub.
  std::optional<std::string> find_commit(const std::string& revision) const;
  // Null for what is not there. Marks it as used.
  std::unique_ptr<ByteSource> open(const std::string& commit, const std::string& file,
                                   const std::string& name) const;
  bool contains(const std::string& commit, const std::string& file) const {
    return find_size(commit, file).has_value();
  }
  std::optional<int64_t> find_size(const std::string& commit, const std::string& file) const;
  bool is_known_missing(const std::string& commit, const std::string& file) const;
  // Of the snapshot, which may be a part of the commit's. Sorted.
  std::vector<std::string> files_in_snapshot(const std::string& commit) const;
  std::optional<std::vector<HubFile>> find_tree(const std::string& commit) const;

  // These throw write_error; `link` kResourceExhausted where the blob is not there. `make` also
  // puts the mark of a cache into the cache folder.
  void make() const;
  void note_download(std::string_view hash) const;    // for the holder of its lock
  void forget_download(std::string_view hash) const;  // likewise; throws nothing
  void link(const std::string& commit, const std::string& file, std::string_view hash) const;
  void note_commit(const std::string& revision, const std::string& commit) const;
  void note_missing(const std::string& commit, const std::string& file) const;
  void note_tree(const std::string& commit, const std::vector<HubFile>& files) const;

 private:
  std::filesystem::path snapshot_path(const std::string& commit) const;

  std::filesystem::path cache_;
  std::filesystem::path path_;
};

}  // namespace ferrum
