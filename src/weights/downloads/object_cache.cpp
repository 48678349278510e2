#include "weights/downloads/object_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "ferrum/types/error.h"
#include "weights/disk.h"
#include "weights/downloads/cache_limit.h"
#include "weights/downloads/cached_files.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNameDigits = 32;

fs::path record_of(const fs::path& path) { return path.string() + ".json"; }
// Of a version, or of the download that is to become one.
fs::path lock_of(fs::path path) {
  if (path.extension() == kPartialSuffix) path.replace_extension();
  return path.string() + ".lock";
}

// What <version>.json says.
struct Record {
  std::string name, sha256;
};

Record read_record(const fs::path& path) {
  Record record;
  const Json json =
      parse_json(read_file(record_of(path), kMaxRecordBytes), record_of(path).string());
  JsonReader reader(json, record_of(path).string());
  reader.require("name", record.name);
  reader.require("sha256", record.sha256);
  reader.finish();
  return record;
}

CachedFile describe(const fs::path& path, int64_t bytes) {
  CachedFile file;
  file.source = path.parent_path().parent_path().filename();
  file.path = path.string();
  file.size_bytes = bytes;
  file.complete = path.extension() != kPartialSuffix;
  file.last_used = time_of(file.complete ? record_of(path) : path);
  file.location = name_in_record(record_of(path));
  file.name = file.location.substr(file.location.rfind('/') + 1);
  return file;
}

bool remove_path(const fs::path& path) {
  const bool removed = run_if_unused(path, lock_of(path), [&] {
    remove_with_record(path);
    unlink(lock_of(path).c_str());
  });
  if (!removed) return false;
  rmdir(path.parent_path().c_str());  // where it was the last one
  return true;
}

}  // namespace

fs::path ObjectCache::path_of(const CachedObject& object) const {
  const auto name = [](const std::string& text) { return sha256_hex(text).substr(0, kNameDigits); };
  return folder_ / object.source / name(object.identity) / name(object.validator);
}

std::unique_ptr<ByteSource> ObjectCache::find(const CachedObject& object) const {
  const fs::path path = path_of(object);
  auto bytes = open_cached(path, object.location);
  if (bytes && bytes->size() != object.size_bytes) return nullptr;
  if (bytes) set_time_to_now(record_of(path));
  return bytes;
}

int64_t ObjectCache::fetch(const CachedObject& object, const ObjectStream& stream,
                           const WeightLoaderConfig& config, const std::stop_token& stop,
                           const LoadProgress& progress) {
  Download d;
  d.path = path_of(object);
  if (file_exists(d.path, object.size_bytes)) set_time_to_now(record_of(d.path));
  d.lock = lock_of(d.path);
  d.content = {object.location, object.validator, object.size_bytes, Digest::sha256(), object.crc};
  d.hash = object.sha256;
  d.stream = stream;
  d.before_publish = [&](const std::string& hash) {
    const Json record{{"name", object.location}, {"sha256", hash}};
    replace_file(record_of(d.path), record.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  const int64_t fetched = download_within_limit(d, config, {}, stop, progress);
  remove_other_versions(d.path);
  return fetched;
}

void ObjectCache::remove_other_versions(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator it(path.parent_path(), error), end; !error && it != end;
       it.increment(error)) {
    fs::path version = it->path();
    if (version.extension() == kPartialSuffix) version.replace_extension();
    if (is_hex(version.filename().string(), kNameDigits) && version != path) {
      others.push_back(it->path());
    }
  }
  for (const fs::path& other : others) remove_path(other);
}

std::vector<CachedFile> ObjectCache::list() const {
  check_listable(folder_);
  std::vector<CachedFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    const bool complete = is_hex(name, kNameDigits) && it.depth() == 2;
    struct stat status {};
    if ((complete || it->path().extension() == kPartialSuffix) &&
        stat(it->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      files.push_back(describe(it->path(), static_cast<int64_t>(status.st_size)));
    }
  }
  std::sort(files.begin(), files.end(), [](const CachedFile& a, const CachedFile& b) {
    return std::tie(a.last_used, a.path) < std::tie(b.last_used, b.path);
  });
  return files;
}

bool ObjectCache::remove(const CachedFile& file) { return remove_path(file.path); }

bool ObjectCache::is_free(const CachedFile& file) const {
  return is_unused(file.path, lock_of(file.path));
}

void ObjectCache::verify(const CachedFile& file, const std::stop_token& stop,
                         const LoadProgress& progress) const {
  const char* remedy = file.source == "packed" ? "remove it: it is made again when it is needed"
                                               : "remove it and download it again";
  verify_hash(file.path, Digest::sha256(), read_record(file.path).sha256, remedy, stop, progress);
}

}  // namespace ferrum
