#pragma once
// Code that runs in a process of its own: to be killed, limited or shut in.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <functional>
#include <stdexcept>

namespace ferrum::test {

class ChildProcess {
 public:
  // `body` returns the exit code; 99 when it throws. Fork while no other thread holds locks.
  explicit ChildProcess(const std::function<int()>& body) : id_(fork()) {
    if (id_ < 0) throw std::runtime_error("cannot fork");
    if (id_ > 0) return;
    int code = 99;
    try {
      code = body();
    } catch (const std::exception&) {
    }
    _exit(code);
  }
  ~ChildProcess() {
    if (id_ > 0) kill();
  }
  ChildProcess(ChildProcess&& other) noexcept : id_(other.id_) { other.id_ = -1; }
  ChildProcess& operator=(ChildProcess&&) = delete;

  // Its exit code, or 128 + the signal that ended it.
  int wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int kill() {
    ::kill(id_, SIGKILL);
    return wait();
  }

 private:
  pid_t id_;
};

}  // namespace ferrum::test
