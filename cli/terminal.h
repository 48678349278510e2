#pragma once
// What the commands know of the terminal: where text goes, whether anybody watches, and Ctrl-C.

#include <cstdint>
#include <string>
#include <string_view>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"

namespace ferrum::cli {

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();

// Nobody reads standard output any more, as after `| head`: no failure, but the end.
class OutputClosed : public Error {
 public:
  OutputClosed() : Error(ErrorCode::kIo, "nobody reads the output") {}
};

// Writes to standard output at once. Throws OutputClosed, or ferrum::Error kIo where the disk is
// full.
void write_out(std::string_view text);

// Writes a line to standard error.
void write_note(std::string_view text);

// A document, with a line end. Safe to show, and valid whatever bytes its texts have.
void write_json(const Json& json);

// Text in a colour where standard error shows colours (a terminal, NO_COLOR unset).
enum class Colour { kDim, kBold, kGreen, kYellow, kRed };
std::string coloured(std::string_view text, Colour colour);

// From now on Ctrl-C is counted instead of killing the process, a closed pipe is an error of
// write_out instead of a signal, and a mapped file that shrinks ends the process with a message.
void install_signal_handlers();
// True once after each Ctrl-C.
bool take_interrupt();
// The so many-th Ctrl-C from now on ends the program at once, with its exit code; with 0, none.
void end_at_interrupt(int presses);

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
