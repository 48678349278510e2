#pragma once
// How much memory this process may use, and how much it does.

#include <cstdint>

namespace ferrum {

struct HostMemory {
  int64_t total_bytes;      // of the machine
  int64_t available_bytes;  // what could be taken now without swapping, cgroup limit applied
  int64_t limit_bytes;      // the smallest of the machine, cgroup v1/v2 limits and RLIMIT_AS
};

// Reads /proc/meminfo and the cgroup files of the calling process (v2, then v1, walking up to the
// root, since any ancestor may carry the limit). Thread-safe. Throws kIo when /proc is unreadable.
HostMemory query_host_memory();

// Peak and current resident set of this process in bytes (VmHWM, VmRSS).
int64_t peak_rss_bytes();
int64_t current_rss_bytes();

}  // namespace ferrum
