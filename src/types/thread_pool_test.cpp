#include "ferrum/types/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

using Range = std::pair<int64_t, int64_t>;

std::vector<Range> ranges_of(ThreadPool& pool, int64_t count, int64_t grain) {
  std::mutex mutex;
  std::set<Range> ranges;
  pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(ranges.insert({begin, end}).second);
  });
  return {ranges.begin(), ranges.end()};
}

TEST(ThreadPool, RunsTheBodyOnceOnEveryThread) {
  for (const int size : {1, 2, 3, 8}) {
    ThreadPool pool(size);
    ASSERT_EQ(pool.size(), size);
    std::vector<int> calls(static_cast<size_t>(size));  // each thread owns one element
    std::vector<std::thread::id> ids(calls.size());
    pool.run([&](int thread) {
      ++calls[static_cast<size_t>(thread)];
      ids[static_cast<size_t>(thread)] = std::this_thread::get_id();
    });
    EXPECT_EQ(calls, std::vector<int>(calls.size(), 1));
    EXPECT_EQ(ids[0], std::this_thread::get_id());
    EXPECT_EQ(std::set<std::thread::id>(ids.begin(), ids.end()).size(), ids.size());
  }
}

TEST(ThreadPool, WritesOfARegionAreSeenByTheNext) {
  ThreadPool pool(3);
  std::vector<int64_t> slots(3, 0);  // not atomic: the pool must order the accesses
  constexpr int kRegions = 5000;
  for (int region = 0; region < kRegions; ++region) {
    pool.run([&](int thread) { slots[static_cast<size_t>((thread + region) % 3)] += 1; });
  }
  EXPECT_EQ(slots, std::vector<int64_t>(3, kRegions));
}

TEST(ThreadPool, WakesWorkersThatHaveFallenAsleep) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  for (int region = 0; region < 20; ++region) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // far beyond the spinning time
    pool.run([&](int) { ++calls; });
  }
  EXPECT_EQ(calls, 40);
}

TEST(ThreadPool, WaitsForTheSlowestThread) {
  ThreadPool pool(2);
  for (int region = 0; region < 5; ++region) {
    std::atomic<bool> slow_done{false};
    pool.run([&](int thread) {
      if (thread == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      slow_done = true;
    });
    EXPECT_TRUE(slow_done);
  }
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(2);
  int64_t sum = 0;  // not atomic: only one region may run at a time
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int region = 0; region < 500; ++region) {
        pool.run([&](int thread) {
          if (thread == 1) ++sum;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 2000);
}

TEST(ThreadPool, SurvivesManyMoreThreadsThanCpus) {
  ThreadPool pool(ThreadPool::available_cpus() * 8);
  std::atomic<int64_t> calls{0};
  for (int region = 0; region < 100; ++region) pool.run([&](int) { ++calls; });
  EXPECT_EQ(calls, int64_t{100} * pool.size());
}

TEST(ThreadPool, SplitsIntoContiguousRangesOfWholeGrains) {
  ThreadPool pool(3);
  for (const int64_t count : {0, 1, 2, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 100, 1000}) {
    for (const int64_t grain : {1, 2, 8, 64}) {
      const std::vector<Range> ranges = ranges_of(pool, count, grain);
      const int64_t blocks = (count + grain - 1) / grain;
      EXPECT_EQ(static_cast<int64_t>(ranges.size()), std::min<int64_t>(3, blocks));
      int64_t next = 0;
      for (const auto& [begin, end] : ranges) {
        EXPECT_EQ(begin, next);
        EXPECT_LT(begin, end);
        EXPECT_TRUE(end == count || end % grain == 0);
        next = end;
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST(ThreadPool, SharesDifferByAtMostOneGrain) {
  ThreadPool pool(3);
  EXPECT_EQ(ranges_of(pool, 50, 10), (std::vector<Range>{{0, 20}, {20, 40}, {40, 50}}));
  EXPECT_EQ(ranges_of(pool, 40, 10), (std::vector<Range>{{0, 20}, {20, 30}, {30, 40}}));
}

TEST(ThreadPool, SplitsTheLargestCountWithoutOverflow) {
  ThreadPool pool(2);
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::vector<Range> ranges = ranges_of(pool, kMax, 1000);
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[0].second, ranges[1].first);
  EXPECT_EQ(ranges[0].second % 1000, 0);
  EXPECT_EQ(ranges[1].second, kMax);
}

TEST(ThreadPool, SmallCountsStayOnTheCaller) {
  ThreadPool pool(2);
  std::thread::id id;
  pool.parallel_for(8, 8, [&](int64_t, int64_t) { id = std::this_thread::get_id(); });
  EXPECT_EQ(id, std::this_thread::get_id());
}

TEST(ThreadPool, RefusesANegativeCount) {
  try {
    ThreadPool pool(-1);
    FAIL() << "a pool of -1 threads was made";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
  }
}

TEST(ThreadPool, NamesTheLimitOnAddressSpaceWhereItWasMet) {
  const auto hint = [] {
    try {
      ThreadPool pool(4096);
    } catch (const Error& e) {
      return e.hint();
    }
    return std::string("there was room");
  };
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  int64_t pages_in_use = 0;
  ASSERT_TRUE(std::ifstream("/proc/self/statm") >> pages_in_use);
  rlimit limit = before;
  limit.rlim_cur = static_cast<rlim_t>(pages_in_use * sysconf(_SC_PAGESIZE) + (64 << 20));
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const std::string found = hint();
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_NE(found.find("ulimit -v"), std::string::npos) << found;
  EXPECT_EQ(found.find("ulimit -u"), std::string::npos) << found;
}

TEST(ThreadPool, RespectsTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  const int cpus = ThreadPool::available_cpus();
  const int size = ThreadPool().size();
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(cpus, 1);
  EXPECT_EQ(size, 1);
  EXPECT_LE(ThreadPool::available_cpus(), CPU_COUNT(&before));
}

}  // namespace
}  // namespace ferrum
