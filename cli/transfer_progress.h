#pragma once
// How far a download is, how fast it goes and how long it will take: on a line that is drawn again
// and again where a terminal shows standard error.

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "cli/terminal.h"

namespace ferrum::cli {

class TransferProgress {
 public:
  using Clock = std::chrono::steady_clock;

  // Of a file that begins now. Called with the same stage again, goes on.
  void show(const std::string& stage, int64_t done_bytes, int64_t total_bytes);
  void clear() { line_.clear(); }

 private:
  std::string rate_and_time_left(Clock::time_point now, int64_t left) const;

  ProgressLine line_;
  std::string stage_;
  std::deque<std::pair<Clock::time_point, int64_t>> samples_;  // of the last seconds
};

// "3 s", "4:05", "1:02:03".
std::string format_duration(std::chrono::seconds time);

}  // namespace ferrum::cli
