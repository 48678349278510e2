#include "cli/terminal.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"

namespace ferrum::cli {
namespace {

volatile sig_atomic_t interrupts = 0;

void on_interrupt(int) { interrupts = 1; }

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
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
    } else if (errno != EINTR) {
      throw Error(ErrorCode::kIo, std::string("cannot write the output: ") + std::strerror(errno),
                  errno == EPIPE ? "its reader closed the pipe" : "");
    }
  }
}

void write_note(std::string_view text) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

std::string printable(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t' || (byte >= 0x20 && byte != 0x7f)) {
      safe += c;
    } else {
      std::array<char, 5> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      safe += escape.data();
    }
  }
  return safe;
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
  signal(SIGXFSZ, SIG_IGN);  // a file too large for `ulimit -f` is an error of its write
}

bool take_interrupt() {
  const bool interrupted = interrupts != 0;
  interrupts = 0;
  return interrupted;
}

ProgressLine::ProgressLine() : enabled_(stderr_is_terminal()) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void ProgressLine::show(std::string_view stage) {
  if (!enabled_) return;
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(stage.size()), stage.data());
}

void ProgressLine::show(std::string_view stage, int64_t done_bytes, int64_t total_bytes,
                        std::string_view more) {
  if (!enabled_) return;
  const int64_t now = now_ms();
  if (shown_ && now - last_ms_ < 100 && done_bytes < total_bytes) return;
  last_ms_ = now;
  shown_ = true;
  constexpr int kWidth = 30;
  const double share =
      total_bytes > 0 ? static_cast<double>(done_bytes) / static_cast<double>(total_bytes) : 0;
  const int filled = static_cast<int>(share * kWidth);
  std::string bar(static_cast<size_t>(std::clamp(filled, 0, kWidth)), '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r\033[K%.*s [%s] %3.0f %%  %s of %s%.*s", static_cast<int>(stage.size()),
               stage.data(), bar.c_str(), share * 100, format_bytes(done_bytes).c_str(),
               format_bytes(total_bytes).c_str(), static_cast<int>(more.size()), more.data());
}

}  // namespace ferrum::cli
