#pragma once
// Calls a function when Ctrl-C is pressed, for as long as the object lives.

#include <functional>
#include <thread>

namespace ferrum::cli {

class OnInterrupt {
 public:
  // `action` runs at most once, on a thread of its own.
  explicit OnInterrupt(std::function<void()> action);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;

 private:
  std::jthread watcher_;
};

}  // namespace ferrum::cli
