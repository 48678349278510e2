#include "cli/interrupt.h"

#include <chrono>
#include <utility>

#include "cli/terminal.h"

namespace ferrum::cli {

// A signal handler may do next to nothing, so a thread looks at its flag; 20 ms is below what a
// person notices and costs nothing.
OnInterrupt::OnInterrupt(std::function<void()> action)
    : watcher_([action = std::move(action)](std::stop_token stop) {
        while (!stop.stop_requested()) {
          if (take_interrupt()) {
            action();
            return;
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      }) {}

OnInterrupt::~OnInterrupt() = default;

EndOnInterrupt::EndOnInterrupt(int presses) { end_at_interrupt(presses); }

EndOnInterrupt::~EndOnInterrupt() { end_at_interrupt(0); }

}  // namespace ferrum::cli
