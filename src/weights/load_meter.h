#pragma once
// Progress and stopping of one batch call, shared by its threads.

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_loader.h"

namespace ferrum {

class LoadMeter {
 public:
  LoadMeter(std::stop_token stop, const LoadProgress& progress, int64_t total)
      : stop_(std::move(stop)), progress_(progress), total_(total) {}

  // Throws kCancelled when the caller asked to stop.
  void check() const {
    if (stop_.stop_requested()) {
      throw Error(ErrorCode::kCancelled, "loading was stopped on request");
    }
  }

  void add(int64_t bytes) {
    check();
    if (!progress_ || bytes == 0) return;
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    progress_(done_, total_);
  }

 private:
  const std::stop_token stop_;
  const LoadProgress& progress_;
  const int64_t total_;
  std::mutex mutex_;
  int64_t done_ = 0;
};

// The share of one tensor: reported in pieces, never more than `bytes`, and in full at the end.
class TensorMeter {
 public:
  TensorMeter(LoadMeter& meter, int64_t bytes) : meter_(meter), left_(bytes) {}

  void add(int64_t bytes) {
    constexpr int64_t kReportBytes = int64_t{1} << 20;
    pending_ = std::min(pending_ + bytes, left_);
    if (pending_ >= kReportBytes) flush();
  }
  void finish() {
    pending_ = left_;
    flush();
  }

 private:
  void flush() {
    meter_.add(pending_);
    left_ -= pending_;
    pending_ = 0;
  }

  LoadMeter& meter_;
  int64_t left_;
  int64_t pending_ = 0;
};

}  // namespace ferrum
