#include "weights/downloads/cached_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <regex>
#include <system_error>
#include <vector>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "weights/disk.h"
#include "weights/downloads/file_lock.h"
#include "weights/mapped_file.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kAbandonedSeconds = 24 * 60 * 60;

bool is_abandoned(const fs::path& path) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return time_of(path) + kAbandonedSeconds <
         std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

// "<name>.<8 digits>.incomplete" and ".tmp": of one process alone, which no other continues.
bool has_random_suffix(const fs::path& path) {
  static const std::regex kRandom(R"(.*\.[0-9a-f]{8}\.(incomplete|tmp))");
  return std::regex_match(path.filename().string(), kRandom);
}

// The record of a download whose file has its final name.
bool is_spent_record(const fs::path& path) {
  const fs::path partial = path.parent_path() / path.stem();
  std::error_code error;
  return path.extension() == ".json" && partial.extension() == kPartialSuffix &&
         !fs::exists(partial, error) && !error;
}

void sweep(const fs::path& folder, FunctionRef<bool(const fs::path&)> is_leftover) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_leftover(it->path())) leftovers.push_back(it->path());
  }
  for (const fs::path& path : leftovers) unlink(path.c_str());
}

}  // namespace

std::string name_in_record(const fs::path& record) {
  try {
    const Json json = parse_json(read_file(record, kMaxRecordBytes), record.string());
    return json.at("name").get<std::string>();
  } catch (const Error&) {
  } catch (const Json::exception&) {
  }
  return "unknown";
}

int64_t time_of(const fs::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<int64_t>(status.st_mtim.tv_sec) : 0;
}

void set_time_to_now(const fs::path& path) {
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // a read-only cache keeps no order of use
}

void check_listable(const fs::path& folder) {
  std::error_code error;
  const fs::directory_iterator entries(folder, error);
  if (!error || error == std::errc::no_such_file_or_directory) return;
  throw Error(ErrorCode::kIo, "cannot list " + folder.string() + ": " + error.message(),
              "name a folder that this user may read");
}

std::unique_ptr<ByteSource> open_cached(const fs::path& path, const std::string& name) {
  auto lock = std::make_shared<FileLock>(FileLock::shared(path));
  if (lock->state() == FileLock::State::kBusy) return nullptr;
  return open_mapped_file(path, name, std::move(lock));
}

bool run_if_unused(const fs::path& path, const fs::path& lock, FunctionRef<void()> action) {
  if (has_random_suffix(path)) {
    if (!is_abandoned(path)) return false;
    action();
    return true;
  }
  const FileLock maker = FileLock::exclusive(lock);
  if (!maker.held()) return false;
  const FileLock readers = FileLock::exclusive_existing(path);
  if (!readers.held()) return false;
  action();
  return true;
}

bool is_unused(const fs::path& path, const fs::path& lock) {
  return run_if_unused(path, lock, [] {});
}

void remove_with_record(const fs::path& path) {
  if (unlink(path.c_str()) != 0) throw write_error(path, errno);
  unlink((path.string() + ".json").c_str());
}

void sweep_leftovers(const fs::path& folder) {
  sweep(folder, [](const fs::path& path) {
    return (has_random_suffix(path) || is_spent_record(path)) && is_abandoned(path);
  });
}

void sweep_records(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".";
  sweep(path.parent_path(), [&](const fs::path& each) {
    return has_random_suffix(each) && each.extension() == ".tmp" &&
           each.filename().string().starts_with(prefix);
  });
}

void verify_hash(const fs::path& path, Digest digest, const std::string& expected,
                 const std::string& remedy, const std::stop_token& stop,
                 const LoadProgress& progress) {
  const auto file = open_mapped_file(path);
  int64_t done = 0;
  file->stream(0, file->size(), [&](std::span<const std::byte> chunk) {
    if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "stopped on request");
    digest.update(chunk);
    done += static_cast<int64_t>(chunk.size());
    if (progress) progress(done, file->size());
  });
  const std::string found = digest.hex();
  if (found == expected) return;
  throw Error(ErrorCode::kInvalidFormat,
              path.string() + " has the hash " + found + ", it came with " + expected, remedy);
}

}  // namespace ferrum
