#pragma once
// Spreads independent pieces of waiting work (reads, page faults) over threads of its own, so that
// it never holds up the compute pool.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "ferrum/types/function_ref.h"

namespace ferrum {

// Calls work(i) for 0 <= i < count on up to `threads` threads, the caller's among them. The first
// error ends the hand-out of further pieces and is rethrown once all have returned.
inline void work_in_parallel(int64_t count, int threads, FunctionRef<void(int64_t)> work) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  const auto run = [&] {
    try {
      for (int64_t i; (i = next.fetch_add(1)) < count;) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    for (int64_t i = 1; i < std::min<int64_t>(threads, count); ++i) others.emplace_back(run);
    run();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace ferrum
