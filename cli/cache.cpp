#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/error_text.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/secrets.h"
#include "cli/terminal.h"
#include "cli/transfer_progress.h"
#include "cli/validators.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "ferrum/weights/weight_cache.h"

namespace ferrum::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  ferrum cache list                        what was downloaded, the latest used last
  ferrum cache prune --max-size 50GB       keep what was used last, up to that size
  ferrum cache prune hf:org/name           remove one model
  ferrum cache verify --remove             remove what a broken disk has damaged

The Hub's models lie where its own tools keep them. What those downloaded counts
for no size, and is removed only where it is named or was interrupted.)";

struct CacheOptions {
  std::string cache_dir;
  std::vector<std::string> locations;
  std::optional<int64_t> max_size;
  bool files = false;
  bool dry_run = false;
  bool remove = false;
  bool json = false;
};

constexpr const char* kInterruptedMark = "  (interrupted)";
constexpr const char* kForeignMark = "  (of another tool)";

std::string full_name(const CachedFile& file) {
  return file.source == "huggingface" ? file.location + "/" + file.name : file.location;
}

// Whether `asked` names the file, its model, or a folder that it lies in.
bool is_of(const CachedFile& file, std::string asked) {
  asked = without_secrets(asked);
  while (asked.ends_with('/')) asked.pop_back();
  const std::string name = full_name(file);
  return !asked.empty() && (name == asked || name.starts_with(asked + "/"));
}

class Caches {
 public:
  explicit Caches(const CacheOptions& o) {
    WeightLoaderConfig config;
    if (!o.cache_dir.empty()) config.cache_dir = o.cache_dir;
    caches_ = open_weight_caches(config);
  }

  // The least recently used first. Throws kNotFound for a location of which there is nothing.
  std::vector<CacheEntry> list(const std::vector<std::string>& locations) const {
    std::vector<CacheEntry> entries = ferrum::list(caches_);
    for (const std::string& location : locations) {
      const bool known = std::any_of(entries.begin(), entries.end(), [&](const CacheEntry& entry) {
        return is_of(entry.file, location);
      });
      if (!known) {
        throw Error(ErrorCode::kNotFound, "nothing of " + location + " is in the cache",
                    "ferrum cache list --files names what is there, of all revisions");
      }
    }
    std::erase_if(entries, [&](const CacheEntry& entry) {
      return !locations.empty() &&
             std::none_of(locations.begin(), locations.end(),
                          [&](const std::string& asked) { return is_of(entry.file, asked); });
    });
    return entries;
  }
  const WeightCaches& all() const { return caches_; }

 private:
  WeightCaches caches_;
};

int64_t bytes_of(const std::vector<CacheEntry>& entries) {
  int64_t bytes = 0;
  for (const CacheEntry& entry : entries) bytes += entry.file.size_bytes;
  return bytes;
}

std::string format_time(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm local{};
  char text[32] = "";
  if (localtime_r(&time, &local)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  return text;
}

std::string padded(std::string text, size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + std::move(text);
}

std::string describe(const CachedFile& file) {
  return printable(full_name(file)) + (file.complete ? "" : kInterruptedMark) +
         (file.foreign ? kForeignMark : "");
}

void print_line(int64_t bytes, int64_t last_used, const std::string& what) {
  write_out(padded(format_bytes(bytes), 11) + "  " + format_time(last_used) + "  " + what + "\n");
}

Json to_json(const std::vector<CacheEntry>& entries) {
  Json json = Json::array();
  for (const CacheEntry& entry : entries) json.push_back(entry.file);
  return json;
}

int list(const CacheOptions& o) {
  const Caches caches(o);
  const std::vector<CacheEntry> entries = caches.list(o.locations);
  if (o.json) {
    write_json({{"files", to_json(entries)}, {"size_bytes", bytes_of(entries)}});
    return kDone;
  }
  struct Group {
    int64_t bytes = 0, last_used = 0;
    size_t files = 0;
    bool complete = true, foreign = true;
  };
  std::map<std::string, Group> groups;
  for (const CacheEntry& entry : entries) {
    if (o.files) print_line(entry.file.size_bytes, entry.file.last_used, describe(entry.file));
    Group& group = groups[entry.file.location];
    group.bytes += entry.file.size_bytes;
    group.last_used = std::max(group.last_used, entry.file.last_used);
    ++group.files;
    group.complete = group.complete && entry.file.complete;
    group.foreign = group.foreign && entry.file.foreign;
  }
  std::vector<std::pair<std::string, Group>> sorted(groups.begin(), groups.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second.last_used < b.second.last_used;
  });
  for (const auto& [location, group] : sorted) {
    if (o.files) break;
    print_line(group.bytes, group.last_used,
               printable(location) +
                   (group.files > 1 ? "  " + std::to_string(group.files) + " files" : "") +
                   (group.complete ? "" : kInterruptedMark) + (group.foreign ? kForeignMark : ""));
  }
  return kDone;
}

int size(const CacheOptions& o) {
  const Caches caches(o);
  Json json = Json::array();
  for (const auto& cache : caches.all()) {
    const std::vector<CachedFile> files = cache->list();
    int64_t bytes = 0;
    for (const CachedFile& file : files) bytes += file.size_bytes;
    json.push_back({{"folder", cache->folder()}, {"files", files.size()}, {"size_bytes", bytes}});
    if (o.json) continue;
    write_out(padded(format_bytes(bytes), 11) + "  " + std::to_string(files.size()) +
              (files.size() == 1 ? " file   " : " files  ") + printable(cache->folder()) + "\n");
  }
  if (o.json) write_json(json);
  return kDone;
}

void note_foreign(std::vector<CacheEntry> entries) {
  std::erase_if(entries, [](const CacheEntry& entry) { return !entry.file.foreign; });
  if (entries.empty()) return;
  write_note(format_bytes(bytes_of(entries)) +
             " that other tools downloaded are not counted; name a model to remove it");
}

// What is beyond the size; else what was named; else what will never be complete by itself.
Pruned prune(const CacheOptions& o, std::vector<CacheEntry> entries) {
  if (o.max_size) return ferrum::prune(std::move(entries), *o.max_size, o.dry_run);
  if (o.locations.empty()) {
    std::erase_if(entries, [](const CacheEntry& entry) { return entry.file.complete; });
  }
  return ferrum::remove(std::move(entries), o.dry_run);
}

int prune(const CacheOptions& o) {
  const Caches caches(o);
  const std::vector<CacheEntry> entries = caches.list(o.locations);
  if (o.max_size) note_foreign(entries);
  const auto [removed, in_use] = prune(o, entries);
  if (o.json) {
    write_json({{"removed", to_json(removed)},
                {"in_use", to_json(in_use)},
                {"removed_bytes", bytes_of(removed)}});
    return kDone;
  }
  for (const CacheEntry& entry : removed) {
    print_line(entry.file.size_bytes, entry.file.last_used, describe(entry.file));
  }
  for (const CacheEntry& entry : in_use) write_note("in use, stays: " + describe(entry.file));
  write_out((o.dry_run ? "would remove " : "removed ") + format_bytes(bytes_of(removed)) + "\n");
  return kDone;
}

const char* way_back(const CachedFile& file) {
  return file.source == "packed" ? "it is made again when it is needed" : "download it again";
}

int verify(const CacheOptions& o) {
  const Caches caches(o);
  std::stop_source stop;
  const OnInterrupt on_interrupt([&] { stop.request_stop(); });
  TransferProgress line;
  Json damaged = Json::array();
  size_t checked = 0;
  for (const CacheEntry& entry : caches.list(o.locations)) {
    if (!entry.file.complete) continue;
    ++checked;
    try {
      entry.cache->verify(entry.file, stop.get_token(), [&](int64_t done, int64_t total) {
        line.show(describe(entry.file), done, total);
      });
    } catch (const Error& error) {
      line.clear();
      if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kUnsupported) throw;
      const bool removed = o.remove && entry.cache->remove(entry.file);
      write_error(
          Error(error.code(), describe(entry.file) + ": " + error.message(),
                removed ? std::string("it was removed; ") + way_back(entry.file) : error.hint()));
      damaged.push_back({{"file", entry.file}, {"error", error.message()}, {"removed", removed}});
    }
  }
  line.clear();
  if (o.json) {
    write_json({{"checked", checked}, {"damaged", damaged}});
  } else {
    write_out(std::to_string(checked) + " checked, " + std::to_string(damaged.size()) +
              " damaged\n");
  }
  return damaged.empty() ? kDone : kFailed;
}

}  // namespace

void add_cache(CLI::App& app, Action& action) {
  auto o = std::make_shared<CacheOptions>();
  CLI::App* command = app.add_subcommand("cache", "List, remove or verify what was downloaded");
  command->require_subcommand(1);
  command->footer(kExamples);
  const auto add = [&](const char* name, const char* help, int (*run)(const CacheOptions&)) {
    CLI::App* sub = command->add_subcommand(name, help);
    sub->add_option("--cache-dir", o->cache_dir, "Of a cache elsewhere")->check(not_empty());
    sub->add_flag("--json", o->json, "Print JSON");
    sub->callback([o, run, &action] { action = [o, run] { return run(*o); }; });
    return sub;
  };
  const auto add_locations = [&](CLI::App* sub) {
    sub->add_option("LOCATION", o->locations, "Only of these, as `ferrum cache list` names them")
        ->check(not_empty());
  };
  CLI::App* list_command = add("list", "Models and files, the latest used last", list);
  add_locations(list_command);
  list_command->add_flag("--files", o->files, "Each file of a model");
  add("size", "How much it is, and where", size);
  CLI::App* prune_command =
      add("prune", "Remove interrupted downloads, or what is named or beyond a size", prune);
  add_locations(prune_command);
  prune_command
      ->add_option("--max-size", o->max_size,
                   "Keep what was used last of ferrum's downloads, such as 50GB")
      ->transform(size_in_bytes())
      ->type_name("SIZE");
  prune_command->add_flag("--dry-run", o->dry_run, "Only say what would go");
  CLI::App* verify_command = add("verify", "Compare files with the hashes they came with", verify);
  add_locations(verify_command);
  verify_command->add_flag("--remove", o->remove, "Remove what is damaged");
}

}  // namespace ferrum::cli
