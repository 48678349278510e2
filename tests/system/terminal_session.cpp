#include "system/terminal_session.h"

#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace ferrum::testing {

TerminalSession::TerminalSession(const std::vector<std::string>& args, unsigned short columns) {
  std::vector<char*> argv{const_cast<char*>(FERRUM_BINARY)};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const winsize size{.ws_row = 100, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  child_ = forkpty(&terminal_, nullptr, nullptr, &size);
  if (child_ < 0) throw std::runtime_error("forkpty failed");
  if (child_ > 0) return;
  setenv("TERM", "xterm", 1);
  setenv("NO_COLOR", "1", 1);
  alarm(FERRUM_BINARY_SECONDS);
  execv(FERRUM_BINARY, argv.data());
  _exit(127);
}

TerminalSession::~TerminalSession() {
  close(terminal_);
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

void TerminalSession::type(std::string_view keys) {
  if (write(terminal_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
    throw std::runtime_error("cannot type");
  }
}

bool TerminalSession::read_more() {
  char buffer[4096];
  const ssize_t count = read(terminal_, buffer, sizeof buffer);
  if (count <= 0) return false;
  output_.append(buffer, static_cast<size_t>(count));
  return true;
}

std::string TerminalSession::wait_for(std::string_view text) {
  size_t found = 0;
  while ((found = output_.find(text, seen_)) == output_.npos) {
    if (!read_more()) {
      throw std::runtime_error("'" + std::string(text) + "' did not come in: " + output_);
    }
  }
  const size_t end = found + text.size();
  const std::string part = output_.substr(seen_, end - seen_);
  seen_ = end;
  return part;
}

void TerminalSession::wait_for_prompt() {
  wait_for("> ");
  termios settings{};
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (tcgetattr(terminal_, &settings) != 0) throw std::runtime_error("the terminal is gone");
  } while ((settings.c_lflag & ICANON) != 0);
}

int TerminalSession::finish() {
  while (read_more()) {
  }
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ferrum::testing
