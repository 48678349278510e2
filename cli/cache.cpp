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

The Hub's models lie where its own tools keep them, and are theirs too.)";

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

// A file and the cache that it lies in.
struct Entry {
  WeightCache* cache;
  CachedFile file;
};

std::string full_name(const CachedFile& file) {
  return file.source == "huggingface" ? file.location + "/" + file.name : file.location;
}

// Whether `asked` names the file, its model, or a folder that it lies in.
bool is_of(const CachedFile& file, std::string asked) {
  asked = without_secrets(asked);
  while (asked.ends_with('/')) asked.pop_back();
  const std::string name = full_name(file);
  return name == asked || name.starts_with(asked + "/");
}

class Caches {
 public:
  explicit Caches(const CacheOptions& o) {
    WeightLoaderConfig config;
    if (!o.cache_dir.empty()) config.cache_dir = o.cache_dir;
    caches_ = open_weight_caches(config);
  }

  // The least recently used first. Throws kNotFound for a location of which there is nothing.
  std::vector<Entry> list(const std::vector<std::string>& locations) const {
    std::vector<Entry> entries;
    for (const auto& cache : caches_) {
      for (CachedFile& file : cache->list()) entries.push_back({cache.get(), std::move(file)});
    }
    for (const std::string& location : locations) {
      const bool known = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
        return is_of(entry.file, location);
      });
      if (!known) {
        throw Error(ErrorCode::kNotFound, "nothing of " + location + " is in the cache",
                    "ferrum cache list --files names what is there, of all revisions");
      }
    }
    std::erase_if(entries, [&](const Entry& entry) {
      return !locations.empty() &&
             std::none_of(locations.begin(), locations.end(),
                          [&](const std::string& asked) { return is_of(entry.file, asked); });
    });
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return a.file.last_used < b.file.last_used;
    });
    return entries;
  }
  const std::vector<std::unique_ptr<WeightCache>>& all() const { return caches_; }

 private:
  std::vector<std::unique_ptr<WeightCache>> caches_;
};

int64_t bytes_of(const std::vector<Entry>& entries) {
  int64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.file.size_bytes;
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
  return printable(full_name(file)) + (file.complete ? "" : kInterruptedMark);
}

void print_line(int64_t bytes, int64_t last_used, const std::string& what) {
  write_out(padded(format_bytes(bytes), 11) + "  " + format_time(last_used) + "  " + what + "\n");
}

Json to_json(const std::vector<Entry>& entries) {
  Json json = Json::array();
  for (const Entry& entry : entries) json.push_back(entry.file);
  return json;
}

int list(const CacheOptions& o) {
  const Caches caches(o);
  const std::vector<Entry> entries = caches.list(o.locations);
  if (o.json) {
    write_json({{"files", to_json(entries)}, {"size_bytes", bytes_of(entries)}});
    return kDone;
  }
  struct Group {
    int64_t bytes = 0, last_used = 0;
    size_t files = 0;
    bool complete = true;
  };
  std::map<std::string, Group> groups;
  for (const Entry& entry : entries) {
    if (o.files) print_line(entry.file.size_bytes, entry.file.last_used, describe(entry.file));
    Group& group = groups[entry.file.location];
    group.bytes += entry.file.size_bytes;
    group.last_used = std::max(group.last_used, entry.file.last_used);
    ++group.files;
    group.complete = group.complete && entry.file.complete;
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
                   (group.complete ? "" : kInterruptedMark));
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

// What was named; else what is beyond the size; else what will never be complete by itself.
std::vector<Entry> choose(const CacheOptions& o, std::vector<Entry> entries) {
  if (o.max_size) {
    int64_t beyond = bytes_of(entries) - *o.max_size;
    std::erase_if(entries, [&](const Entry& entry) {
      if (beyond <= 0) return true;
      beyond -= entry.file.size_bytes;
      return false;
    });
  } else if (o.locations.empty()) {
    std::erase_if(entries, [](const Entry& entry) { return entry.file.complete; });
  }
  return entries;
}

int prune(const CacheOptions& o) {
  const Caches caches(o);
  std::vector<Entry> removed, in_use;
  for (Entry& entry : choose(o, caches.list(o.locations))) {
    const bool gone = o.dry_run || entry.cache->remove(entry.file);
    (gone ? removed : in_use).push_back(std::move(entry));
  }
  if (o.json) {
    write_json({{"removed", to_json(removed)},
                {"in_use", to_json(in_use)},
                {"removed_bytes", bytes_of(removed)}});
    return kDone;
  }
  for (const Entry& entry : removed) {
    print_line(entry.file.size_bytes, entry.file.last_used, describe(entry.file));
  }
  for (const Entry& entry : in_use) write_note("in use, stays: " + describe(entry.file));
  write_out((o.dry_run ? "would remove " : "removed ") + format_bytes(bytes_of(removed)) + "\n");
  return kDone;
}

int verify(const CacheOptions& o) {
  const Caches caches(o);
  std::stop_source stop;
  const OnInterrupt on_interrupt([&] { stop.request_stop(); });
  TransferProgress line;
  Json damaged = Json::array();
  size_t checked = 0;
  for (const Entry& entry : caches.list(o.locations)) {
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
      write_error(Error(error.code(), describe(entry.file) + ": " + error.message(),
                        removed ? "it was removed; download it again" : error.hint()));
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
    sub->add_option("LOCATION", o->locations, "Only of these, as `ferrum cache list` names them");
  };
  CLI::App* list_command = add("list", "Models and files, the latest used last", list);
  add_locations(list_command);
  list_command->add_flag("--files", o->files, "Each file of a model");
  add("size", "How much it is, and where", size);
  CLI::App* prune_command =
      add("prune", "Remove interrupted downloads, or what is named or beyond a size", prune);
  add_locations(prune_command);
  prune_command->add_option("--max-size", o->max_size, "Keep what was used last, such as 50GB")
      ->transform(size_in_bytes())
      ->type_name("SIZE");
  prune_command->add_flag("--dry-run", o->dry_run, "Only say what would go");
  CLI::App* verify_command = add("verify", "Compare files with the hashes they came with", verify);
  add_locations(verify_command);
  verify_command->add_flag("--remove", o->remove, "Remove what is damaged");
}

}  // namespace ferrum::cli
