#include "ferrum/types/host_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "ferrum/types/error.h"
#include "support/temp_folder.h"
#include "types/cgroup.h"
#include "types/host_memory_files.h"

namespace ferrum {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

// A machine of 8000 MiB, 6000 of them available, whose files a test adds to.
class Machine : public ::testing::Test {
 protected:
  Machine() {
    root_.write("proc/meminfo",
                "MemTotal:       8192000 kB\nMemFree: 1 kB\nMemAvailable:   6144000 kB\n");
  }

  void write(const std::string& name, const std::string& text) { root_.write(name, text); }
  HostMemory memory() const { return read_host_memory(root_.path().string()); }
  std::optional<double> cpus() const { return query_cgroup_cpus(root_.path().string()); }

  test::TempFolder root_;
};

TEST_F(Machine, WithoutCgroupsTheMachineIsTheLimit) {
  EXPECT_EQ(memory().total_bytes, 8000 * kMiB);
  EXPECT_EQ(memory().available_bytes, 6000 * kMiB);
  EXPECT_EQ(memory().limit_bytes, 8000 * kMiB);
  EXPECT_EQ(cpus(), std::nullopt);
}

TEST_F(Machine, WithoutProcThereIsAnError) {
  const test::TempFolder empty;
  EXPECT_THROW(read_host_memory(empty.path().string()), Error);
  write("proc/meminfo", "MemTotal: many kB\n");
  EXPECT_THROW(memory(), Error);
}

TEST_F(Machine, ACgroupV2LimitCountsWithoutDroppableCache) {
  write("proc/self/cgroup", "0::/app.slice/app\n");
  write("sys/fs/cgroup/app.slice/app/memory.max", "1048576000\n");  // 1000 MiB
  write("sys/fs/cgroup/app.slice/app/memory.current", "419430400\n");
  write("sys/fs/cgroup/app.slice/app/memory.stat",
        "anon 314572800\nfile 104857600\ninactive_file 104857600\nactive_file 0\n");
  EXPECT_EQ(memory().limit_bytes, 1000 * kMiB);
  EXPECT_EQ(memory().available_bytes, 700 * kMiB);
  EXPECT_EQ(memory().total_bytes, 8000 * kMiB);
}

TEST_F(Machine, TheStrictestAncestorCounts) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  write("sys/fs/cgroup/a/memory.max", "209715200\n");
  write("sys/fs/cgroup/memory.max", "524288000\n");
  EXPECT_EQ(memory().limit_bytes, 200 * kMiB);
  EXPECT_EQ(memory().available_bytes, 200 * kMiB);
}

TEST_F(Machine, CgroupV1IsReadInItsOwnFolder) {
  write("proc/self/cgroup", "9:name=systemd:/x\n4:cpuset,memory:/docker/abc\n0::/\n");
  // Inside a container the path is the host's; only the mount itself is there.
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "314572800\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "419430400\n");
  EXPECT_EQ(memory().limit_bytes, 300 * kMiB);
  EXPECT_EQ(memory().available_bytes, 0);  // over its limit
}

TEST_F(Machine, NumbersBeyond64BitsAreNoLimit) {
  write("proc/self/cgroup", "1:memory:/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "99999999999999999999999\n");
  write("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 1000000\n");
  EXPECT_EQ(memory().limit_bytes, 8000 * kMiB);
  EXPECT_EQ(memory().available_bytes, 6000 * kMiB);
}

TEST_F(Machine, MalformedCgroupFilesAreNoLimit) {
  write("proc/self/cgroup", "nonsense\n0:\n::\n\n0::relative\n7:memory\n");
  write("sys/fs/cgroup/memory.max", "lots\n");
  EXPECT_EQ(memory().limit_bytes, 8000 * kMiB);
}

TEST_F(Machine, CpuQuotaOfV2) {
  write("proc/self/cgroup", "0::/a\n");
  write("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus(), std::nullopt);
  write("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  EXPECT_EQ(cpus(), 2.5);
  write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpus(), 0.5);
  write("sys/fs/cgroup/cpu.max", "50000 0\n");
  EXPECT_EQ(cpus(), 2.5);
}

TEST_F(Machine, CpuQuotaOfV1) {
  write("proc/self/cgroup", "1:cpu,cpuacct:/a\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus(), std::nullopt);
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(cpus(), 1.5);
}

TEST(HostMemory, OfThisMachineIsConsistent) {
  const HostMemory memory = query_host_memory();
  EXPECT_GT(memory.total_bytes, 0);
  EXPECT_LE(memory.limit_bytes, memory.total_bytes);
  EXPECT_LE(memory.available_bytes, memory.total_bytes);
}

TEST(HostMemory, AnAddressSpaceLimitCounts) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  int64_t pages_in_use = 0;
  ASSERT_TRUE(std::ifstream("/proc/self/statm") >> pages_in_use);
  const int64_t in_use = pages_in_use * sysconf(_SC_PAGESIZE);
  rlimit limit = before;
  limit.rlim_cur = static_cast<rlim_t>(in_use + 256 * kMiB);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const HostMemory memory = query_host_memory();
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_LE(memory.limit_bytes, in_use + 256 * kMiB);
  EXPECT_LE(memory.available_bytes, 256 * kMiB);
  EXPECT_GT(memory.available_bytes, 0);
}

TEST(HostMemory, ResidentMemoryGrowsWithUse) {
  const int64_t before = current_rss_bytes();
  constexpr size_t kBytes = 64u << 20;
  const std::unique_ptr<char[]> block(new char[kBytes]);
  std::memset(block.get(), 1, kBytes);
  asm volatile("" : : "r"(block.get()) : "memory");  // the writes happen
  EXPECT_GT(current_rss_bytes(), before + 48 * kMiB);
  EXPECT_GE(peak_rss_bytes(), before + 48 * kMiB);
}

}  // namespace
}  // namespace ferrum
