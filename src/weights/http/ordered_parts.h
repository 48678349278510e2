#pragma once
// A long range of an object: its parts are fetched over several connections at once and handed out
// in order, the first of them while it arrives. The parts of a stream are as long as a connection
// brings in a second, so that little of what has come waits for its turn. The part that all wait
// for is asked for a second time when it takes much longer than parts do; the first to be whole
// wins.

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

  void add(int64_t bytes, std::chrono::nanoseconds time);
  // Three times what the median of parts would take, at least `least`; nothing before a few parts
  // are known.
  std::optional<std::chrono::nanoseconds> late_after(int64_t bytes) const;
  // What a connection brings in a second, by the median of parts; 0 before any is known.
  int64_t bytes_in_a_second() const;

 private:
  double median() const;  // nanoseconds per byte; needs one

  const std::chrono::nanoseconds least_;
  mutable std::mutex mutex_;
  std::deque<double> times_;  // nanoseconds per byte
};

struct PartPlan {
  int64_t offset = 0;
  int64_t bytes = 0;
  int64_t part_bytes = 0;            // at most; a multiple of 64
  std::byte* destination = nullptr;  // of the whole range; null: parts lie in buffers of the pool
};

// One use, by one thread.
class OrderedParts {
 public:
  OrderedParts(TransferPool& pool, const RangeFetcher& fetcher, PartTimes& times,
               const PartPlan& plan, std::stop_token stop);
  ~OrderedParts();  // stops what is under way and waits for it

  // The bytes in order, in pieces that end at multiples of 64 bytes from the beginning, but for the
  // last; also those before an error. Throws as RangeFetcher::fetch, and what `sink` throws.
  void run(FunctionRef<void(std::span<const std::byte>)> sink);

 private:
  using Clock = std::chrono::steady_clock;
  struct Part;
  void start_parts();
  int64_t next_part_bytes() const;
  // Hands out what there is of the first part.
  void hand_out(Part& part, int64_t received, FunctionRef<void(std::span<const std::byte>)> sink);
  void wait_for(Part& part, FunctionRef<void(std::span<const std::byte>)> sink);
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
