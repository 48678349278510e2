#include "ferrum/types/host_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// The number in "<key>   <n> kB" of a /proc file, in bytes.
std::optional<int64_t> read_kb(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word == key) {
      int64_t kb = 0;
      if (file >> kb) return kb * 1024;
    }
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

std::optional<int64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc::result_out_of_range) return kUnlimited;
  if (error != std::errc{}) return std::nullopt;  // "max"
  return value;
}

struct CgroupMemory {
  int64_t limit = kUnlimited;
  int64_t headroom = kUnlimited;  // limit minus what its processes use, page cache not counted
};

// Applies the limit of one cgroup folder and of all its ancestors.
void apply_cgroup(const std::string& mount, std::string path, const char* limit_file,
                  const char* usage_file, const char* cache_key, CgroupMemory& result) {
  for (;;) {
    const std::string folder = mount + path + "/";
    if (const auto limit = read_number(folder + limit_file)) {
      const int64_t usage = read_number(folder + usage_file).value_or(0);
      std::ifstream stat(folder + "memory.stat");
      int64_t cache = 0;
      std::string key;
      for (int64_t value; stat >> key >> value;) {
        if (key == cache_key) cache = value;
      }
      result.limit = std::min(result.limit, *limit);
      result.headroom = std::min(result.headroom, std::max<int64_t>(0, *limit - usage + cache));
    }
    if (path.empty() || path == "/") return;
    path.resize(path.rfind('/'));
  }
}

CgroupMemory query_cgroup() {
  CgroupMemory result;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      apply_cgroup("/sys/fs/cgroup", path, "memory.max", "memory.current", "inactive_file",
                   result);
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      apply_cgroup("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes",
                   "memory.usage_in_bytes", "total_inactive_file", result);
    }
  }
  return result;
}

}  // namespace

HostMemory query_host_memory() {
  const auto total = read_kb("/proc/meminfo", "MemTotal:");
  const auto available = read_kb("/proc/meminfo", "MemAvailable:");
  if (!total || !available) {
    throw Error(ErrorCode::kIo, "cannot read the memory size from /proc/meminfo",
                "mount /proc, or run outside the restricted environment");
  }
  const CgroupMemory cgroup = query_cgroup();
  HostMemory memory{*total, std::min(*available, cgroup.headroom), std::min(*total, cgroup.limit)};
  rlimit address_space{};
  if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    const auto limit = static_cast<int64_t>(
        std::min<rlim_t>(address_space.rlim_cur, static_cast<rlim_t>(kUnlimited)));
    const int64_t used = read_kb("/proc/self/status", "VmSize:").value_or(0);
    memory.limit_bytes = std::min(memory.limit_bytes, limit);
    memory.available_bytes = std::min(memory.available_bytes, std::max<int64_t>(0, limit - used));
  }
  return memory;
}

int64_t peak_rss_bytes() { return read_kb("/proc/self/status", "VmHWM:").value_or(0); }

int64_t current_rss_bytes() { return read_kb("/proc/self/status", "VmRSS:").value_or(0); }

}  // namespace ferrum
