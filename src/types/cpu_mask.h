#pragma once
// A set of CPUs without an upper bound on their number: what a thread may run on.

#include <sched.h>

#include <vector>

namespace ferrum {

class CpuMask {
 public:
  // The affinity mask of the calling thread; empty where the system does not tell.
  static CpuMask of_this_thread();
  // The same into this mask; takes no memory where one was read before.
  void read_this_thread();

  int count() const { return CPU_COUNT_S(bytes(), sets_.data()); }
  bool contains(int cpu) const {
    return CPU_ISSET_S(static_cast<size_t>(cpu), bytes(), sets_.data());
  }
  void remove(int cpu) { CPU_CLR_S(static_cast<size_t>(cpu), bytes(), sets_.data()); }

  // Moves the calling thread onto these CPUs; false when the system refuses.
  bool apply() const { return sched_setaffinity(0, bytes(), sets_.data()) == 0; }

 private:
  size_t bytes() const { return sets_.size() * sizeof(cpu_set_t); }

  std::vector<cpu_set_t> sets_;  // one long bit set, in pieces of CPU_SETSIZE bits
};

}  // namespace ferrum
