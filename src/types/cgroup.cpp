#include "types/cgroup.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <system_error>

#include "ferrum/types/function_ref.h"

namespace ferrum {
namespace {

enum class Version { kV1, kV2 };

using Visitor = FunctionRef<void(const std::string& folder, Version version)>;

// "max" and everything else that is not a number is nothing; what exceeds 64 bits is unlimited.
std::optional<int64_t> parse_number(const std::string& word) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc::result_out_of_range) return CgroupMemory::kUnlimited;
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<int64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return parse_number(word);
}

// Visits a group and its ancestors up to the mount. Inside a container the path may name folders
// that only the host sees; the mount itself is then the group of the container.
void visit_upwards(const std::string& mount, std::string path, Version version, Visitor visit) {
  for (;;) {
    visit(mount + path + "/", version);
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return;
    path.resize(slash);
  }
}

void visit_cgroups(const std::string& root, const std::string& controller, Visitor visit) {
  const std::string mounts = root + "/sys/fs/cgroup";
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "<id>:<controller>,...:<path>"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      visit_upwards(mounts, path, Version::kV2, visit);
      visit_upwards(mounts + "/unified", path, Version::kV2, visit);  // beside v1
    } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
      visit_upwards(mounts + "/" + controller, path, Version::kV1, visit);
    }
  }
}

int64_t read_stat(const std::string& path, std::string_view wanted) {
  std::ifstream file(path);
  std::string key;
  for (int64_t value; file >> key >> value;) {
    if (key == wanted) return value;
  }
  return 0;
}

}  // namespace

CgroupMemory query_cgroup_memory(const std::string& root) {
  CgroupMemory result;
  visit_cgroups(root, "memory", [&](const std::string& folder, Version version) {
    const bool v2 = version == Version::kV2;
    const auto limit = read_number(folder + (v2 ? "memory.max" : "memory.limit_in_bytes"));
    if (!limit) return;
    const int64_t usage =
        read_number(folder + (v2 ? "memory.current" : "memory.usage_in_bytes")).value_or(0);
    const int64_t cache =
        read_stat(folder + "memory.stat", v2 ? "inactive_file" : "total_inactive_file");
    const int64_t used = std::max<int64_t>(0, usage - cache);
    result.limit = std::min(result.limit, *limit);
    result.headroom = std::min(result.headroom, std::max<int64_t>(0, *limit - used));
  });
  return result;
}

std::optional<double> query_cgroup_cpus(const std::string& root) {
  std::optional<double> cpus;
  visit_cgroups(root, "cpu", [&](const std::string& folder, Version version) {
    std::optional<int64_t> quota;
    std::optional<int64_t> period;
    if (version == Version::kV2) {  // "<quota or max> <period>"
      std::ifstream file(folder + "cpu.max");
      std::string quota_word, period_word;
      file >> quota_word >> period_word;
      quota = parse_number(quota_word);
      period = parse_number(period_word);
    } else {
      quota = read_number(folder + "cpu.cfs_quota_us");  // -1: none
      period = read_number(folder + "cpu.cfs_period_us");
    }
    if (!quota || !period || *quota <= 0 || *period <= 0) return;
    const double here = static_cast<double>(*quota) / static_cast<double>(*period);
    cpus = std::min(cpus.value_or(here), here);
  });
  return cpus;
}

}  // namespace ferrum
