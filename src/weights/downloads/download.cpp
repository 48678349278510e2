#include "weights/downloads/download.h"

#include <chrono>
#include <system_error>
#include <thread>

#include "ferrum/types/error.h"
#include "weights/disk.h"
#include "weights/downloads/cached_files.h"
#include "weights/downloads/file_lock.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

fs::path partial_path(const Download& d) { return d.path.string() + kPartialSuffix; }

void check_stop(const Download& d, const std::stop_token& stop) {
  if (!stop.stop_requested()) return;
  throw Error(ErrorCode::kCancelled,
              "the download of " + d.content.name + " was stopped on request",
              "what has arrived is kept; the same command goes on from there");
}

void show_progress_of_another(const Download& d, const LoadProgress& progress) {
  std::error_code error;
  const auto bytes = fs::file_size(partial_path(d), error);
  if (progress && !error) {
    progress(std::min(static_cast<int64_t>(bytes), d.content.size), d.content.size);
  }
}

// Busy when the file has come to be there meanwhile.
FileLock wait_for_lock(const Download& d, const std::stop_token& stop,
                       const LoadProgress& progress) {
  constexpr std::chrono::milliseconds kPause{50};
  for (;;) {
    FileLock lock = FileLock::exclusive(d.lock);
    if (lock.state() != FileLock::State::kBusy) return lock;
    if (file_exists(d.path, d.content.size)) return lock;
    check_stop(d, stop);
    show_progress_of_another(d, progress);
    std::this_thread::sleep_for(kPause);
  }
}

void fetch_rest(const Download& d, PartialFile& file, const std::stop_token& stop,
                const LoadProgress& progress) {
  if (progress) progress(file.bytes(), d.content.size);
  if (file.bytes() == d.content.size) return;
  const auto check_size = [&](int64_t bytes) {
    if (bytes == d.content.size) return;
    throw Error(ErrorCode::kIo,
                d.content.name + " has " + (bytes > d.content.size ? "more" : "fewer") +
                    " than the " + std::to_string(d.content.size) +
                    " bytes that it was said to have",
                "it was replaced meanwhile; try again");
  };
  const auto append = [&](std::span<const std::byte> chunk) {
    check_stop(d, stop);
    const int64_t bytes = file.bytes() + static_cast<int64_t>(chunk.size());
    if (bytes > d.content.size) check_size(bytes);
    file.append(chunk);
    if (progress) progress(file.bytes(), d.content.size);
  };
  try {
    d.stream(file.bytes(), append, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) check_stop(d, stop);
    throw;
  }
  check_size(file.bytes());
}

void check_content(const Download& d, PartialFile& file) {
  std::string difference;
  if (!d.hash.empty() && file.hash() != d.hash) {
    difference = "the hash " + file.hash() + ", expected " + d.hash;
  } else if (!file.has_expected_crc()) {
    difference = "another CRC than the server keeps of it";
  }
  if (difference.empty()) return;
  file.discard();
  throw Error(ErrorCode::kInvalidFormat, d.content.name + " arrived with " + difference,
              "the bytes were removed; try again, and if it stays so the copy on the server is "
              "damaged");
}

}  // namespace

int64_t download(const Download& d, const std::stop_token& stop, const LoadProgress& progress) {
  const auto is_there = [&] {
    const bool found = file_exists(d.path, d.content.size);
    if (found && progress) progress(d.content.size, d.content.size);
    if (found && d.when_there) d.when_there();
    return found;
  };
  if (is_there()) return 0;
  check_stop(d, stop);
  make_folders(d.path.parent_path());
  const FileLock lock = wait_for_lock(d, stop, progress);
  if (is_there()) return 0;
  sweep_leftovers(d.path.parent_path());
  if (lock.held()) sweep_records(d.path);
  const fs::path path = lock.held()
                            ? partial_path(d)
                            : fs::path(d.path.string() + "." + random_suffix() + kPartialSuffix);
  PartialFile file(path, d.content, lock.held());
  const int64_t before = file.bytes();
  fetch_rest(d, file, stop, progress);
  check_content(d, file);
  if (d.before_publish) d.before_publish(file.hash());
  file.publish(d.path);
  if (d.when_there) d.when_there();
  return d.content.size - before;
}

}  // namespace ferrum
