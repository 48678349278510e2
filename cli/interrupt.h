#pragma once
// What Ctrl-C does, for as long as an object lives.

#include <functional>
#include <thread>

namespace ferrum::cli {

class OnInterrupt {
 public:
  // Calls `action`, which runs at most once, on a thread of its own.
  explicit OnInterrupt(std::function<void()> action);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;

 private:
  std::jthread watcher_;
};

// For as long as it lives, Ctrl-C, or the so many-th one, ends the program at once with its exit
// code: around calls that cannot be stopped otherwise and leave nothing half done behind.
class EndOnInterrupt {
 public:
  explicit EndOnInterrupt(int presses = 1);
  ~EndOnInterrupt();
  EndOnInterrupt(const EndOnInterrupt&) = delete;
  EndOnInterrupt& operator=(const EndOnInterrupt&) = delete;
};

}  // namespace ferrum::cli
