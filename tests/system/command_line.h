#pragma once
// Runs the ferrum binary as a user would: arguments, standard input, limits; and what came of it.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum::testing {

struct CommandResult {
  int exit_code = -1;  // 128 + n when killed by signal n
  std::string out;
  std::string err;
};

struct CommandOptions {
  std::string input;          // standard input, then its end
  int64_t memory_bytes = 0;   // RLIMIT_AS beyond what this process has mapped; 0: no limit
  bool close_output = false;  // nobody reads standard output
  bool full_output = false;   // standard output is a disk without room
};

// FERRUM_BINARY with `args`. Waits at most FERRUM_BINARY_SECONDS, then kills it.
CommandResult run_ferrum(const std::vector<std::string>& args, const CommandOptions& options = {});

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view content);

}  // namespace ferrum::testing
