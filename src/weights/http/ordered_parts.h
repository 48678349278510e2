#pragma once
// A long range of an object: its parts are fetched over several connections at once and handed out
// in order. The part that all wait for is asked for a second time when it takes much longer than
// parts do; the first to be whole wins.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "ferrum/types/function_ref.h"
#include "weights/http/range_fetcher.h"
#include "weights/http/transfer_pool.h"

namespace ferrum {

// How long the last parts of an object took. Thread-safe.
class PartTimes {
 public:
  explicit PartTimes(std::chrono::milliseconds least) : least_(least) {}

  void add(std::chrono::nanoseconds time);
  // Three times the median, at least `least`; nothing before a few parts are known.
  std::optional<std::chrono::nanoseconds> late_after() const;

 private:
  const std::chrono::nanoseconds least_;
  mutable std::mutex mutex_;
  std::deque<std::chrono::nanoseconds> times_;
};

struct PartPlan {
  int64_t offset = 0;
  int64_t bytes = 0;
  int64_t part_bytes = 0;
  std::byte* destination = nullptr;  // of the whole range; null: parts lie in buffers of the pool
};

// One use, by one thread.
class OrderedParts {
 public:
  OrderedParts(TransferPool& pool, const RangeFetcher& fetcher, PartTimes& times,
               const PartPlan& plan, std::stop_token stop);
  ~OrderedParts();  // stops what is under way and waits for it

  // Each part when it and all before it are there. Throws as RangeFetcher::fetch, and what `sink`
  // throws.
  void run(FunctionRef<void(std::span<const std::byte>)> sink);

 private:
  using Clock = std::chrono::steady_clock;
  struct Part;
  void start_parts();
  void wait_for(Part& part);
  void hedge(Part& part);
  void finish_front();
  static void fetch_part(Part& part, const RangeFetcher& fetcher, PartTimes& times);

  TransferPool& pool_;
  const RangeFetcher& fetcher_;
  PartTimes& times_;
  const PartPlan plan_;
  const std::stop_token stop_;
  int64_t next_;  // offset of the first part that is not started
  std::deque<std::shared_ptr<Part>> parts_;  // those under way or waiting to be handed out
};

}  // namespace ferrum
