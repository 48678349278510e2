#include "weights/sources/huggingface/hub_source.h"

#include <algorithm>

#include "ferrum/types/error.h"
#include "weights/disk.h"
#include "weights/downloads/cache_folders.h"
#include "weights/downloads/cache_limit.h"
#include "weights/http/remote_object.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

fs::path cache_of(const HubLocation& location, const WeightLoaderConfig& config) {
  return location.cache_dir ? expand_home(*location.cache_dir) : hub_cache_folder(config);
}

HubLocation at_commit(HubLocation location, const std::string& commit) {
  location.revision = commit;
  return location;
}

// Notes that are of use and no more: a cache that cannot be written still serves.
template <class F>
void try_to(F&& note) {
  try {
    note();
  } catch (const Error&) {
  }
}

// Whether an older copy may stand in for what could not be asked: not where the Hub knows that
// there is no such thing, nor where the caller stopped or asked nonsense.
bool may_fall_back(const Error& error) {
  if (const auto* refusal = dynamic_cast<const HubError*>(&error)) return !refusal->is_final();
  return error.code() == ErrorCode::kIo || error.code() == ErrorCode::kInvalidFormat ||
         error.code() == ErrorCode::kUnsupported;
}

[[noreturn]] void throw_missing_in_cache(const Error& error, const HubLocation& location,
                                         const fs::path& cache) {
  if (error.code() == ErrorCode::kNotFound) throw error;
  throw Error(
      error.code(),
      error.message() + ", and " + location.to_string() + " is not in the cache " + cache.string(),
      error.hint().empty() ? "check the connection" : error.hint());
}

// What is known of a file of a commit without asking the Hub.
std::optional<HubFile> find_listed(const HubLocation& location, const HubFolder& folder) {
  if (!is_commit(location.revision)) return std::nullopt;
  const auto tree = folder.find_tree(location.revision);
  if (!tree) return std::nullopt;
  const auto file = std::find_if(tree->begin(), tree->end(),
                                 [&](const HubFile& f) { return f.name == location.filename; });
  return file == tree->end() ? std::nullopt : std::optional(*file);
}

RemoteOptions options_for(const WeightLoaderConfig& config, const HubSettings& settings) {
  RemoteOptions options = remote_options(config);
  options.limits.connect_timeout = options.limits.idle_timeout = settings.download_timeout;
  return options;
}

}  // namespace

HubSource::Found HubSource::find(const HubLocation& location, const WeightLoaderConfig& config,
                                 const HubFolder& folder, HubClient& client,
                                 const std::stop_token& stop) {
  if (!config.enable_caching) {
    const HubObject object = client.resolve(location, stop);
    return {object.commit, object.file};
  }
  if (const auto file = find_listed(location, folder)) return {location.revision, *file};
  try {
    const HubObject object = client.resolve(location, stop);
    try_to([&] { folder.note_commit(location.revision, object.commit); });
    return {object.commit, object.file};
  } catch (const Error& error) {
    if (const auto* refusal = dynamic_cast<const HubError*>(&error)) {
      if (!refusal->commit().empty()) {
        try_to([&] { folder.note_missing(refusal->commit(), location.filename); });
      }
    }
    if (!may_fall_back(error)) throw;
    const auto commit = folder.find_commit(location.revision);
    if (commit && folder.contains(*commit, location.filename)) return {*commit, std::nullopt};
    throw_missing_in_cache(error, location, cache_of(location, config));
  }
}

std::unique_ptr<ByteSource> HubSource::open(const HubLocation& location,
                                            const WeightLoaderConfig& config) {
  const HubFolder folder(cache_of(location, config), location.repo_id);
  const std::string name = location.to_string();
  if (config.enable_caching && is_commit(location.revision)) {
    if (auto bytes = folder.open(location.revision, location.filename, name)) return bytes;
  }
  HubClient client = client_for(config, !folder.find_commit(location.revision));
  const Found found = find(location, config, folder, client, {});
  if (config.enable_caching) {
    if (found.file && file_exists(folder.blob_path(found.file->hash), found.file->size)) {
      try_to([&] { folder.link(found.commit, location.filename, found.file->hash); });
    }
    if (auto bytes = folder.open(found.commit, location.filename, name)) return bytes;
  }
  if (!found.file) throw Error(ErrorCode::kNotFound, name + " has just left the cache");
  return std::make_unique<RemoteObject>(pools_.get(config),
                                        client.target(at_commit(location, found.commit)),
                                        options_for(config, client.settings()));
}

std::string HubSource::stamp(const HubLocation& location, const WeightLoaderConfig& config) {
  const HubFolder folder(cache_of(location, config), location.repo_id);
  std::string commit = location.revision;
  if (!is_commit(commit)) {
    HubClient client = client_for(config, !folder.find_commit(commit));
    commit = find(location, config, folder, client, {}).commit;
  }
  // What was opened by ranges is opened anew once it is in the cache.
  const bool cached = config.enable_caching && folder.contains(commit, location.filename);
  return commit + "/" + location.filename + (cached ? " cached" : "");
}

int64_t HubSource::fetch(const HubLocation& location, const WeightLoaderConfig& config,
                         const std::stop_token& stop, const LoadProgress& progress) {
  const fs::path cache = cache_of(location, config);
  const HubFolder folder(cache, location.repo_id);
  const auto is_there = [&](const std::string& commit, const std::optional<HubFile>& file) {
    const auto size = folder.find_size(commit, location.filename);
    if (!size || (file && file->size != *size)) return false;
    if (progress) progress(*size, *size);
    return true;
  };
  if (is_commit(location.revision) && is_there(location.revision, find_listed(location, folder))) {
    return 0;
  }
  HubClient client = client_for(config, !folder.find_commit(location.revision));
  const Found found = find(location, config, folder, client, stop);
  if (is_there(found.commit, found.file)) return 0;
  const HubFile& file = found.file.value();
  Download d;
  d.path = folder.blob_path(file.hash);
  folder.make();
  d.lock = folder.lock_path(file.hash);
  d.content = {location.filename, file.hash, file.size, digest_for(file.hash, file.size)};
  if (config.enable_integrity_checks) d.hash = file.hash;
  d.stream = [&](int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                 const std::stop_token& stopped) {
    const RemoteObject object(pools_.get(config), client.target(at_commit(location, found.commit)),
                              options_for(config, client.settings()), stopped);
    object.stream(offset, object.size() - offset, sink, stopped);
  };
  d.before_publish = [&](const std::string&) { try_to([&] { folder.note_download(file.hash); }); };
  d.when_there = [&] {
    folder.link(found.commit, location.filename, file.hash);
    folder.note_commit(location.revision, found.commit);
  };
  return download_within_limit(d, config, location.cache_dir, stop, progress);
}

HubListing HubSource::list(const HubLocation& model, const WeightLoaderConfig& config) {
  const HubFolder folder(cache_of(model, config), model.repo_id);
  const auto known = config.enable_caching ? folder.find_commit(model.revision) : std::nullopt;
  if (known == model.revision) {
    if (const auto tree = folder.find_tree(*known)) return {*known, *tree};
  }
  try {
    HubListing listing = client_for(config, !known).list(model, {});
    if (config.enable_caching) {
      try_to([&] {
        folder.note_commit(model.revision, listing.commit);
        folder.note_tree(listing.commit, listing.files);
      });
    }
    return listing;
  } catch (const Error& error) {
    if (!may_fall_back(error)) throw;
    if (!known) throw_missing_in_cache(error, model, cache_of(model, config));
    HubListing listing{*known, {}};
    for (const std::string& name : folder.files_in_snapshot(*known)) {
      listing.files.push_back({name, -1, {}});
    }
    if (listing.files.empty()) throw_missing_in_cache(error, model, cache_of(model, config));
    return listing;
  }
}

HubClient HubSource::client_for(const WeightLoaderConfig& config, bool patient) {
  return HubClient(pools_.get(config)->client(), read_hub_settings(config.download_timeout_seconds),
                   config_headers(config), patient);
}

}  // namespace ferrum
