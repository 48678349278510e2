#pragma once
// What both caches do with a file: use, hash, remove.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "ferrum/types/function_ref.h"
#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/weight_loader.h"
#include "weights/downloads/digest.h"

namespace ferrum {

// What ends the name of a download that has not ended.
inline constexpr const char* kPartialSuffix = ".incomplete";

// The "name" in a record beside a file; "unknown" where there is none.
std::string name_in_record(const std::filesystem::path& record);

// The time of the last change of `path`, in seconds since 1970; 0 where it is missing.
int64_t time_of(const std::filesystem::path& path);
// Makes that time now, where this user may.
void set_time_to_now(const std::filesystem::path& path);

// Throws kIo where `folder` is there and cannot be listed.
void check_listable(const std::filesystem::path& folder);

// A cached file, mapped and locked against removal; null where it is missing or being removed.
// Named by `name` in messages.
std::unique_ptr<ByteSource> open_cached(const std::filesystem::path& path, const std::string& name);

// Runs `action` while nobody reads, makes or removes (`lock`) the file or partial file at `path`;
// false where somebody does, or where the file system cannot tell. What others need in order to
// keep off until all is gone, the lock above all, is what `action` removes last.
bool run_if_unused(const std::filesystem::path& path, const std::filesystem::path& lock,
                   FunctionRef<void()> action);
// Whether it would run now.
bool is_unused(const std::filesystem::path& path, const std::filesystem::path& lock);

// Removes a file and the record beside it. Throws write_error.
void remove_with_record(const std::filesystem::path& path);

// Removes what killed processes left behind and nobody has touched for a day: files in `folder`
// with a random suffix, and records of downloads that were finished.
void sweep_leftovers(const std::filesystem::path& folder);
// Removes the records that were being written of `path` when their writers were killed, however
// young: for the holder of its lock, without which nobody writes any.
void sweep_records(const std::filesystem::path& path);

// Throws kInvalidFormat, with `remedy` as its hint, unless the file's digest comes to `expected`;
// kIo, kCancelled.
void verify_hash(const std::filesystem::path& path, Digest digest, const std::string& expected,
                 const std::string& remedy, const std::stop_token& stop,
                 const LoadProgress& progress);

}  // namespace ferrum
