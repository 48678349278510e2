#include "cli/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/command.h"
#include "cli/printable.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"

namespace ferrum::cli {
namespace {

// Set by a signal, read by any thread.
std::atomic<bool> interrupted = false;
std::atomic<int> presses_to_the_end = 0;  // 0: none ends the program
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_interrupt(int) {
  interrupted = true;
  if (presses_to_the_end == 0 || --presses_to_the_end > 0) return;
  constexpr std::string_view kStopped = "error: stopped.\n";
  (void)!::write(STDERR_FILENO, kStopped.data(), kStopped.size());
  _exit(kInterrupted);
}

// A mapped file ends before its map does.
void on_bus_error(int) {
  constexpr std::string_view kText =
      "\nerror: a file was made shorter, or its disk failed, while it was read.\n";
  static_cast<void>(!::write(STDERR_FILENO, kText.data(), kText.size()));
  _exit(kFailed);
}

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// That a line of standard error may have without wrapping, the ^C that may follow it included.
size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 3 ? size.ws_col - 3u : 77u;
}

std::string bar_of(double share) {
  constexpr int kWidth = 30;
  const int filled = std::clamp(static_cast<int>(share * kWidth), 0, kWidth);
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(kWidth, '.');
  return "[" + bar + "] ";
}

std::string first_columns(std::string text, size_t width) {
  while (characters(text) > width) {
    while (!begins_character(text.back())) text.pop_back();
    text.pop_back();
  }
  return text;
}

// "stage [bar] numbers" in `width` columns: the bar goes first, then the begin of the stage, then
// the end of the numbers.
std::string fit(std::string stage, const std::string& bar, const std::string& numbers,
                size_t width) {
  const size_t wanted = characters(stage) + 1 + characters(numbers);
  if (wanted + bar.size() <= width) return stage + " " + bar + numbers;
  constexpr size_t kLeastOfStage = 12;
  const size_t beside = characters(numbers) + 1;
  const size_t room = width > beside + kLeastOfStage ? width - beside : kLeastOfStage;
  if (characters(stage) > room) {
    while (characters(stage) > room - 3) {
      stage.erase(0, 1);
      while (!stage.empty() && !begins_character(stage.front())) stage.erase(0, 1);
    }
    stage = "..." + stage;
  }
  return first_columns(stage + " " + numbers, width);
}

}  // namespace

bool stdin_is_terminal() { return isatty(STDIN_FILENO) == 1; }
bool stdout_is_terminal() { return isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

void write_out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      throw OutputClosed();
    } else if (errno != EINTR) {
      throw Error(ErrorCode::kIo, std::string("cannot write the output: ") + std::strerror(errno));
    }
  }
}

void write_json(const Json& json) {
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
  write_out(printable_json(text) + "\n");
}

void write_note(std::string_view text) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

std::string coloured(std::string_view text, Colour colour) {
  static const bool enabled = stderr_is_terminal() && std::getenv("NO_COLOR") == nullptr;
  if (!enabled) return std::string(text);
  static constexpr std::array<const char*, 5> kCodes{"2", "1", "32", "33", "31"};
  return std::string("\033[") + kCodes[static_cast<size_t>(colour)] + "m" + std::string(text) +
         "\033[0m";
}

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // without SA_RESTART: a blocking read returns
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGBUS, on_bus_error);
  signal(SIGXFSZ, SIG_IGN);  // a file too large for `ulimit -f` is an error of its write
}

bool take_interrupt() { return interrupted.exchange(false); }

void end_at_interrupt(int presses) { presses_to_the_end = presses; }

ProgressLine::ProgressLine() : enabled_(stderr_is_terminal()) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void ProgressLine::show(std::string_view stage) {
  if (!enabled_) return;
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%s", first_columns(std::string(stage), columns()).c_str());
}

void ProgressLine::show(std::string_view stage, int64_t done_bytes, int64_t total_bytes,
                        std::string_view more) {
  if (!enabled_) return;
  const int64_t now = now_ms();
  if (shown_ && now - last_ms_ < 100 && done_bytes < total_bytes) return;
  last_ms_ = now;
  shown_ = true;
  const double share =
      total_bytes > 0 ? static_cast<double>(done_bytes) / static_cast<double>(total_bytes) : 0;
  std::array<char, 16> percent{};
  std::snprintf(percent.data(), percent.size(), "%3.0f %%", share * 100);
  const std::string numbers = percent.data() + ("  " + format_bytes(done_bytes)) + " of " +
                              format_bytes(total_bytes) + std::string(more);
  const std::string line = fit(std::string(stage), bar_of(share), numbers, columns());
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
}

}  // namespace ferrum::cli
