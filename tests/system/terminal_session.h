#pragma once
// The ferrum binary on a terminal, typed at by a test.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace ferrum::testing {

class TerminalSession {
 public:
  // FERRUM_BINARY with `args`, its three streams on a new terminal of so many columns. Killed after
  // FERRUM_BINARY_SECONDS.
  explicit TerminalSession(const std::vector<std::string>& args, unsigned short columns = 200);
  ~TerminalSession();
  TerminalSession(const TerminalSession&) = delete;
  TerminalSession& operator=(const TerminalSession&) = delete;

  void type(std::string_view keys);
  // Reads until `text` has come since the last wait_for, or throws when the session ends before.
  // Returns what came up to it, `text` included.
  std::string wait_for(std::string_view text);
  // Reads until a line is edited: "> " has come, and the terminal hands over single keys.
  void wait_for_prompt();
  // Reads to the end. Returns the exit code.
  int finish();
  const std::string& output() const { return output_; }

 private:
  bool read_more();

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string output_;
  size_t seen_ = 0;
};

}  // namespace ferrum::testing
