#pragma once
// What the commands know of the terminal: where text goes, whether anybody watches, and Ctrl-C.

#include <cstdint>
#include <string>
#include <string_view>

namespace ferrum::cli {

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();

// Writes to standard output at once. Throws ferrum::Error kIo when the reader has gone or the disk
// is full.
void write_out(std::string_view text);

// Writes a line to standard error.
void write_note(std::string_view text);

// Text from a stranger's file made safe to show: control characters but line ends become "\x1b".
std::string printable(std::string_view text);

// Text in a colour where standard error shows colours (a terminal, NO_COLOR unset).
enum class Colour { kDim, kBold, kGreen, kYellow, kRed };
std::string coloured(std::string_view text, Colour colour);

// From now on Ctrl-C is counted instead of killing the process, and a closed pipe is an error of
// write_out instead of a signal.
void install_signal_handlers();
// True once after each Ctrl-C.
bool take_interrupt();
// From now on Ctrl-C ends the program at once with that exit code; with 0 it is counted again.
void end_on_interrupt(int exit_code);

// One line on a terminal's standard error that shows how far a long call is; nothing elsewhere.
// Erased by clear() and on destruction.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `more` follows the numbers.
  void show(std::string_view stage, int64_t done_bytes, int64_t total_bytes,
            std::string_view more = {});
  void show(std::string_view stage);
  void clear();

 private:
  bool enabled_;
  bool shown_ = false;
  int64_t last_ms_ = 0;
};

}  // namespace ferrum::cli
