#include "types/cpu_mask.h"

#include <algorithm>

namespace ferrum {

CpuMask CpuMask::of_this_thread() {
  CpuMask mask;
  mask.read_this_thread();
  return mask;
}

void CpuMask::read_this_thread() {
  for (size_t pieces = std::max<size_t>(1, sets_.size()); pieces <= 1024; pieces *= 2) {
    sets_.resize(pieces);
    // Refused while the mask is shorter than the kernel's own.
    if (sched_getaffinity(0, bytes(), sets_.data()) == 0) return;
  }
  sets_.clear();
}

}  // namespace ferrum
