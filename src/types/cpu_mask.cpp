#include "types/cpu_mask.h"

namespace ferrum {

CpuMask CpuMask::of_this_thread() {
  CpuMask mask;
  for (size_t pieces = 1; pieces <= 1024; pieces *= 2) {
    mask.sets_.resize(pieces);
    // Refused while the mask is shorter than the kernel's own.
    if (sched_getaffinity(0, mask.bytes(), mask.sets_.data()) == 0) return mask;
  }
  return {};
}

}  // namespace ferrum
