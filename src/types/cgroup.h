#pragma once
// What the control groups of this process allow, v1 and v2, the strictest ancestor counting.
// `root` is put before every path read, so that a test may bring its own /proc and /sys.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace ferrum {

struct CgroupMemory {
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  int64_t limit = kUnlimited;
  int64_t headroom = kUnlimited;  // limit minus use; page cache that can be dropped is no use
};

CgroupMemory query_cgroup_memory(const std::string& root = {});

// The CPU quota in CPUs (1.5 is three threads at half time), nothing when there is none.
std::optional<double> query_cgroup_cpus(const std::string& root = {});

}  // namespace ferrum
