#include "weights/writers/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "ferrum/types/error.h"
#include "weights/disk.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

// A device or a folder must not be replaced by a file, nor a link: what it leads to is written.
fs::path checked(const fs::path& named) {
  std::error_code error;
  const bool is_link = fs::is_symlink(fs::symlink_status(named, error)) && fs::exists(named, error);
  const fs::path path = is_link ? fs::canonical(named) : named;
  const fs::file_status status = fs::status(path, error);
  if (!path.has_filename() || (fs::exists(status) && !fs::is_regular_file(status))) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + " is " + (fs::is_directory(status) ? "a folder" : "not a file"),
                "name a file to write");
  }
  return fs::absolute(path);
}

constexpr std::string_view kPartialSuffix = ".incomplete";

std::string partial_prefix(const fs::path& path) { return "." + path.filename().string() + "."; }

bool is_partial(std::string_view name, std::string_view prefix) {
  constexpr size_t kDigits = 8;
  return name.size() == prefix.size() + kDigits + kPartialSuffix.size() &&
         name.starts_with(prefix) && name.ends_with(kPartialSuffix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == prefix.size() + kDigits;
}

// What killed processes left of the same file. What a living one writes is locked.
void remove_leftovers(const fs::path& path) {
  const std::string prefix = partial_prefix(path);
  std::error_code failed;
  for (fs::directory_iterator entry(path.parent_path(), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (!is_partial(entry->path().filename().string(), prefix)) continue;
    if (FileLock::exclusive_existing(entry->path()).held()) unlink(entry->path().c_str());
  }
}

}  // namespace

OutputFile::OutputFile(const fs::path& path, int64_t bytes) : path_(checked(path)) {
  remove_leftovers(path_);
  begin();
  try {
    reserve_room(descriptor_, path_, 0, bytes);
  } catch (...) {
    close(descriptor_);
    unlink(partial_.c_str());
    throw;
  }
}

// Again where another process took the file for a leftover before it was locked. One that nobody
// may read, as a umask can make it, stays without a lock.
void OutputFile::begin() {
  constexpr int kAttempts = 8;
  for (int attempt = 1;; ++attempt) {
    partial_ = path_.parent_path() /
               (partial_prefix(path_) + random_suffix() + std::string(kPartialSuffix));
    descriptor_ = open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw write_error(path_, errno);
    lock_ = FileLock::exclusive_existing(partial_);
    if (lock_->state() != FileLock::State::kBusy || attempt == kAttempts) return;
    close(descriptor_);
    unlink(partial_.c_str());
  }
}

OutputFile::~OutputFile() {
  close(descriptor_);
  if (!published_) unlink(partial_.c_str());
}

void OutputFile::write(int64_t offset, std::span<const std::byte> bytes) {
  write_at(descriptor_, path_, offset, bytes, static_cast<int64_t>(bytes.size()));
}

void OutputFile::publish() {
  publish_file(descriptor_, partial_, path_);
  published_ = true;
}

}  // namespace ferrum
