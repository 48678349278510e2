#pragma once
// Writing to a disk that may be full, read-only or lose power.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "ferrum/types/error.h"

namespace ferrum {

// What to throw where `path` cannot be written: kResourceExhausted for a disk without room, else
// kIo. `needed`: bytes that were still to come, 0 where nobody knows.
Error write_error(const std::filesystem::path& path, int error, int64_t needed = 0);

// False, too, where nobody may look.
bool file_exists(const std::filesystem::path& path);
// The same of a file of that size: one that was cut short is none.
bool file_exists(const std::filesystem::path& path, int64_t bytes);

// Throws write_error.
void make_folders(const std::filesystem::path& folder);

// Sets aside room for [begin, end) of an open file, where the file system can, without changing its
// size. Throws write_error where there is too little.
void reserve_room(int descriptor, const std::filesystem::path& path, int64_t begin, int64_t end);

// All of `bytes` at `offset`. Throws write_error, counting `needed` from `offset` on.
void write_at(int descriptor, const std::filesystem::path& path, int64_t offset,
              std::span<const std::byte> bytes, int64_t needed);

// The whole file. Throws kNotFound, kIo, kInvalidFormat for a larger one.
std::string read_file(const std::filesystem::path& path, int64_t max_bytes);
inline constexpr int64_t kMaxRecordBytes = 65536;  // of the small files that describe others

// Puts `content` in place of the file at `path`: a reader finds the old or the new one.
void replace_file(const std::filesystem::path& path, std::string_view content);

// Gives the complete file `from` its final name, for good: after a power loss it is whole or not
// there. Throws write_error.
void publish_file(int descriptor, const std::filesystem::path& from,
                  const std::filesystem::path& to);

// 8 hexadecimal digits that no other process is likely to have drawn.
std::string random_suffix();

}  // namespace ferrum
