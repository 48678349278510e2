#include "weights/http/ordered_parts.h"

#include <algorithm>
#include <cstring>

namespace ferrum {

void PartTimes::add(std::chrono::nanoseconds time) {
  constexpr size_t kKept = 31;
  const std::lock_guard lock(mutex_);
  times_.push_back(time);
  if (times_.size() > kKept) times_.pop_front();
}

std::optional<std::chrono::nanoseconds> PartTimes::late_after() const {
  constexpr size_t kFew = 4;
  const std::lock_guard lock(mutex_);
  if (times_.size() < kFew) return std::nullopt;
  std::vector<std::chrono::nanoseconds> sorted(times_.begin(), times_.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return std::max(3 * *middle, least_);
}

struct OrderedParts::Part {
  int64_t offset = 0;
  std::span<std::byte> bytes;
  std::vector<std::byte> buffer;  // where `bytes` lie, unless in the caller's memory
  std::atomic<int64_t> received{0};
  std::stop_source stop;        // of the first request
  std::stop_source hedge_stop;  // of the second

  std::mutex mutex;
  std::condition_variable changed;
  // Under the mutex.
  std::optional<Clock::time_point> started;
  bool is_fetching = false;  // the first request may still write to `bytes`
  bool is_hedged = false;
  bool is_whole = false;
  std::exception_ptr error;

  void cancel() {
    stop.request_stop();
    hedge_stop.request_stop();
  }
};

OrderedParts::OrderedParts(TransferPool& pool, const RangeFetcher& fetcher, PartTimes& times,
                           const PartPlan& plan, std::stop_token stop)
    : pool_(pool), fetcher_(fetcher), times_(times), plan_(plan), stop_(std::move(stop)),
      next_(plan.offset) {}

OrderedParts::~OrderedParts() {
  for (const auto& part : parts_) part->cancel();
  while (!parts_.empty()) finish_front();
}

// Drops the first part, once nothing writes to it.
void OrderedParts::finish_front() {
  const std::shared_ptr<Part> part = std::move(parts_.front());
  parts_.pop_front();
  {
    std::unique_lock lock(part->mutex);
    part->changed.wait(lock, [&] { return !part->is_fetching; });
  }
  if (!plan_.destination) pool_.give_back(std::move(part->buffer));
}

void OrderedParts::run(FunctionRef<void(std::span<const std::byte>)> sink) {
  while (next_ < plan_.offset + plan_.bytes || !parts_.empty()) {
    start_parts();
    Part& part = *parts_.front();
    wait_for(part);
    sink(part.bytes);
    finish_front();
  }
}

void OrderedParts::start_parts() {
  const int64_t end = plan_.offset + plan_.bytes;
  while (next_ < end && static_cast<int>(parts_.size()) < pool_.max_buffers()) {
    auto part = std::make_shared<Part>();
    const int64_t bytes = std::min(plan_.part_bytes, end - next_);
    part->offset = next_;
    if (plan_.destination) {
      part->bytes = {plan_.destination + (next_ - plan_.offset), static_cast<size_t>(bytes)};
    } else {
      auto buffer = pool_.try_take_buffer();
      if (!buffer && !parts_.empty()) return;
      part->buffer = buffer ? std::move(*buffer) : pool_.take_buffer();
      part->buffer.resize(static_cast<size_t>(bytes));
      part->bytes = part->buffer;
    }
    parts_.push_back(part);
    next_ += bytes;
    // The objects outlive the work: a part that was cancelled touches neither.
    pool_.start([part, &fetcher = fetcher_, &times = times_] {
      fetch_part(*part, fetcher, times);
    });
  }
}

// The first request of a part, on a thread of the pool.
void OrderedParts::fetch_part(Part& part, const RangeFetcher& fetcher, PartTimes& times) {
  const Clock::time_point start = Clock::now();
  {
    const std::lock_guard lock(part.mutex);
    if (part.stop.stop_requested()) return;
    part.started = start;
    part.is_fetching = true;
  }
  std::exception_ptr error;
  try {
    fetcher.fetch(part.offset, part.bytes, part.received, part.stop.get_token());
    times.add(Clock::now() - start);
    part.hedge_stop.request_stop();
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(part.mutex);
  part.is_fetching = false;
  part.error = error;
  part.is_whole |= !error;
  part.changed.notify_all();
}

void OrderedParts::wait_for(Part& part) {
  constexpr std::chrono::milliseconds kLook{20};
  const std::stop_callback cancel(stop_, [&] {
    for (const auto& one : parts_) one->cancel();
    part.changed.notify_all();
  });
  std::unique_lock lock(part.mutex);
  while (!part.is_whole && !part.error) {
    if (stop_.stop_requested()) throw Error(ErrorCode::kCancelled, "a download was stopped");
    part.changed.wait_for(lock, kLook);
    const auto late = times_.late_after();
    const bool is_late = late && part.started && Clock::now() - *part.started > *late;
    if (is_late && part.is_fetching && !part.is_hedged) {
      part.is_hedged = true;
      lock.unlock();
      hedge(part);
      lock.lock();
    }
  }
  if (!part.is_whole) std::rethrow_exception(part.error);
}

// The second request, for what the first has not brought yet, on the thread that waits.
void OrderedParts::hedge(Part& part) {
  const int64_t begin = part.received;
  std::vector<std::byte> bytes(part.bytes.size() - static_cast<size_t>(begin));
  std::atomic<int64_t> received{0};
  try {
    fetcher_.fetch(part.offset + begin, bytes, received, part.hedge_stop.get_token());
  } catch (const Error&) {
    return;  // the first request decides, or won
  }
  part.stop.request_stop();
  std::unique_lock lock(part.mutex);
  part.changed.wait(lock, [&] { return !part.is_fetching; });
  std::memcpy(part.bytes.data() + begin, bytes.data(), bytes.size());
  part.is_whole = true;
}

}  // namespace ferrum
