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
  std::string input;               // standard input, then its end
  int64_t address_space_bytes = 0; // RLIMIT_AS of the process; 0: none
  bool close_output = false;       // nobody reads standard output
};

// FERRUM_BINARY with `args`. Waits at most two minutes, then kills it.
CommandResult run_ferrum(const std::vector<std::string>& args, const CommandOptions& options = {});

// A folder of its own under the temporary directory, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view content);

}  // namespace ferrum::testing
