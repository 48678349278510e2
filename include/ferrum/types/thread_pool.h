#pragma once
// A low-latency fork-join pool for the inner loops of a compute backend.
//
// Between two regions a worker spins for a short while, so that the hundreds of small regions of
// one decode step start within a microsecond; after that it sleeps and costs nothing. Only as many
// threads exist as the process may use: affinity mask and cgroup quota are respected.

#include <cstdint>
#include <memory>

#include "ferrum/types/function_ref.h"

namespace ferrum {

class ThreadPool {
 public:
  // `threads` counts the calling thread too; 0 means available_cpus(). Throws kInvalidArgument
  // for a negative count.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();  // joins; must not be called inside a region
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls body(thread) once on every thread, 0 <= thread < size(), the caller being thread 0, and
  // returns when all have returned. The body must not throw and must not enter the pool again.
  // One region runs at a time; callers on several threads take turns.
  void run(FunctionRef<void(int thread)> body);

  // Splits [0, count) into at most size() contiguous ranges whose ends are multiples of `grain`
  // (>= 1, but for the last), and calls body(begin, end) for the non-empty ones in parallel.
  // Small counts (<= grain) run on the caller alone.
  void parallel_for(int64_t count, int64_t grain, FunctionRef<void(int64_t, int64_t)> body);

  // CPUs this process may use: the smaller of its affinity mask and its cgroup CPU quota
  // (rounded up), at least 1.
  static int available_cpus();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ferrum
