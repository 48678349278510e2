#include "ferrum/types/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "types/cgroup.h"
#include "types/cpu_mask.h"
#include "types/host_memory_files.h"

namespace ferrum {
namespace {

constexpr size_t kCacheLine = 64;

// How long a waiter stays awake. Regions of one decode step follow each other within microseconds;
// past these times the caller is doing something else, or a thread has lost its CPU.
constexpr auto kSpinTime = std::chrono::microseconds(50);
constexpr int kYields = 4;

void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A number that one thread changes and others wait on: spinning at first, then asleep.
class alignas(kCacheLine) Signal {
 public:
  uint32_t value() const { return value_.load(std::memory_order_acquire); }

  // Without waking: for a value that nobody waits on yet.
  void reset(uint32_t value) { value_.store(value, std::memory_order_relaxed); }

  // Adds (modulo 2^32), and wakes the sleepers when the result is `wake_at` or that is not given.
  void add(uint32_t delta, std::optional<uint32_t> wake_at = std::nullopt) {
    const uint32_t value = value_.fetch_add(delta, std::memory_order_seq_cst) + delta;
    // Either this sees the sleeper counted, or the sleeper sees the value changed: both sides
    // write first and read second, in the one order of sequentially consistent operations.
    if (wake_at.value_or(value) != value || sleepers_.load(std::memory_order_seq_cst) == 0) return;
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }

  // Returns when done(value) holds; tells whether the CPU was given away meanwhile.
  template <class Done>
  bool wait(bool spin, Done done) {
    if (spin && spin_until(done)) return false;
    for (int i = 0; i < kYields; ++i) {
      if (done(value())) return true;
      sched_yield();
    }
    std::unique_lock lock(mutex_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    wake_.wait(lock, [&] { return done(value_.load(std::memory_order_seq_cst)); });
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

 private:
  template <class Done>
  bool spin_until(Done done) const {
    const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
    do {
      for (int i = 0; i < 32; ++i) {
        if (done(value())) return true;
        pause_cpu();
      }
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
  }

  std::atomic<uint32_t> value_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

// Blocks every signal for the threads created in its scope, so that a handler of the program runs
// on the program's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

int64_t default_stack_bytes() {
  pthread_attr_t attributes;
  size_t bytes = 0;
  if (pthread_getattr_default_np(&attributes) == 0) {
    pthread_attr_getstacksize(&attributes, &bytes);
    pthread_attr_destroy(&attributes);
  }
  return static_cast<int64_t>(bytes);
}

// Whatever limit a new thread meets, the system says EAGAIN; what is left tells which one it was.
bool is_out_of_address_space() noexcept try {
  const auto space = query_address_space();
  return space && space->left_bytes <= default_stack_bytes();
} catch (const std::exception&) {
  return false;  // nothing is known without /proc
}

}  // namespace

struct ThreadPool::State {
  std::mutex turn;  // held by the caller whose region runs
  FunctionRef<void(int)>* body = nullptr;
  bool stopping = false;
  bool spin = true;
  Signal region;   // number of the region; a change publishes body and stopping
  Signal pending;  // workers that have not left the region
  std::vector<std::thread> workers;
  std::vector<std::atomic<int>> cpus;  // [threads], where each was last seen; -1 at first

  explicit State(int size) : cpus(static_cast<size_t>(size)) {
    for (std::atomic<int>& cpu : cpus) cpu.store(-1, std::memory_order_relaxed);
  }

  void work(int thread) noexcept {
    CpuMask allowed = CpuMask::of_this_thread();
    CpuMask free = allowed;  // both kept, so that a region takes no memory
    for (uint32_t seen = 0;;) {
      const bool left_cpu = region.wait(spin, [&](uint32_t number) { return number != seen; });
      ++seen;  // the next region starts only after this one has been left
      if (stopping) return;
      if (left_cpu && spin) leave_shared_cpu(static_cast<size_t>(thread), allowed, free);
      (*body)(thread);
      pending.add(static_cast<uint32_t>(-1), 0);
    }
  }

  void run(FunctionRef<void(int)> region_body) noexcept {
    const std::lock_guard lock(turn);
    body = &region_body;
    pending.reset(static_cast<uint32_t>(workers.size()));
    cpus[0].store(sched_getcpu(), std::memory_order_relaxed);
    region.add(1);
    region_body(0);
    pending.wait(spin, [](uint32_t left) { return left == 0; });
  }

  // The kernel likes to wake a thread on the CPU of its waker, where the two would take turns at
  // spinning until it balances the load, which may be never: neither stays awake long enough. So a
  // woken worker moves off the CPUs of the threads before it, and then lifts the restriction.
  void leave_shared_cpu(size_t thread, CpuMask& allowed, CpuMask& free) {
    const int here = sched_getcpu();
    bool shared = false;
    for (size_t i = 0; i < thread; ++i) {
      shared = shared || cpus[i].load(std::memory_order_relaxed) == here;
    }
    if (shared) {
      allowed.read_this_thread();
      free = allowed;
      for (size_t i = 0; i < thread; ++i) free.remove(cpus[i].load(std::memory_order_relaxed));
      if (free.count() > 0 && free.apply()) allowed.apply();
    }
    cpus[thread].store(sched_getcpu(), std::memory_order_relaxed);
  }

  void stop() {
    stopping = true;
    region.add(1);
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(int threads) {
  if (threads < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "a thread pool of " + std::to_string(threads) + " threads",
                "give a count of at least 1, or 0 for every CPU this process may use");
  }
  const int cpus = available_cpus();
  const int size = threads == 0 ? cpus : threads;
  state_ = std::make_unique<State>(size);
  state_->spin = size <= cpus;  // a thread without a CPU of its own must leave it to the others
  const SignalsBlocked blocked;
  try {
    state_->workers.reserve(static_cast<size_t>(size - 1));
    for (int thread = 1; thread < size; ++thread) {
      state_->workers.emplace_back([state = state_.get(), thread] { state->work(thread); });
    }
  } catch (const std::exception& e) {
    const size_t started = state_->workers.size() + 1;
    const bool no_space = is_out_of_address_space();
    state_->stop();
    throw Error(ErrorCode::kResourceExhausted,
                "could start " + std::to_string(started) + " of " + std::to_string(size) +
                    " threads: " + e.what(),
                "ask for fewer threads, or raise the limit on " +
                    (no_space ? "address space (ulimit -v): each takes " +
                                    format_bytes(default_stack_bytes()) + " for its stack"
                              : "processes and threads: ulimit -u, or pids.max of the cgroup"));
  }
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::size() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run(FunctionRef<void(int thread)> body) { state_->run(body); }

void ThreadPool::parallel_for(int64_t count, int64_t grain,
                              FunctionRef<void(int64_t, int64_t)> body) {
  assert(grain >= 1);
  if (count <= 0) return;
  const int64_t blocks = count / grain + (count % grain != 0);
  const int64_t parts = std::min<int64_t>(size(), blocks);
  if (parts == 1) return body(0, count);
  const int64_t share = blocks / parts;
  const int64_t longer = blocks % parts;  // the first ones take one block more
  state_->run([&](int thread) {
    if (thread >= parts) return;
    const int64_t first = thread * share + std::min<int64_t>(thread, longer);
    const int64_t last = first + share + (thread < longer);
    body(first * grain, thread == parts - 1 ? count : last * grain);
  });
}

int ThreadPool::available_cpus() {
  const double affinity = CpuMask::of_this_thread().count();
  const double quota = std::ceil(query_cgroup_cpus().value_or(affinity));
  return std::max(1, static_cast<int>(std::min(affinity, quota)));
}

}  // namespace ferrum
