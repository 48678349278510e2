#include "ferrum/types/host_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "ferrum/types/error.h"
#include "types/cgroup.h"
#include "types/host_memory_files.h"

namespace ferrum {
namespace {

// The number in "<key>   <n> kB" of a /proc file, in bytes.
int64_t read_kb(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    int64_t kb = 0;
    if (word == key && file >> kb) return kb * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  throw Error(ErrorCode::kIo, "cannot read " + key + " from " + path,
              "mount /proc, or run outside the restricted environment");
}

}  // namespace

HostMemory read_host_memory(const std::string& root) {
  const int64_t total = read_kb(root + "/proc/meminfo", "MemTotal:");
  const int64_t available = read_kb(root + "/proc/meminfo", "MemAvailable:");
  const CgroupMemory cgroup = query_cgroup_memory(root);
  return {total, std::min(available, cgroup.headroom), std::min(total, cgroup.limit)};
}

std::optional<AddressSpace> query_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const auto bytes = static_cast<int64_t>(
      std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int64_t>::max()));
  const int64_t used = read_kb("/proc/self/status", "VmSize:");
  return AddressSpace{bytes, std::max<int64_t>(0, bytes - used)};
}

HostMemory query_host_memory() {
  HostMemory memory = read_host_memory("");
  if (const auto space = query_address_space()) {
    memory.limit_bytes = std::min(memory.limit_bytes, space->limit_bytes);
    memory.available_bytes = std::min(memory.available_bytes, space->left_bytes);
  }
  return memory;
}

int64_t peak_rss_bytes() { return read_kb("/proc/self/status", "VmHWM:"); }

int64_t current_rss_bytes() { return read_kb("/proc/self/status", "VmRSS:"); }

}  // namespace ferrum
