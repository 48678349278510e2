#include "weights/http/ordered_parts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace ferrum {

namespace {

constexpr int64_t kPieceStep = 64;  // elements of any type end there
constexpr int64_t kLeastPart = int64_t{256} << 10;

}  // namespace

void PartTimes::add(int64_t bytes, std::chrono::nanoseconds time) {
  constexpr size_t kKept = 31;
  const std::lock_guard lock(mutex_);
  times_.push_back(static_cast<double>(time.count()) / static_cast<double>(bytes));
  if (times_.size() > kKept) times_.pop_front();
}

double PartTimes::median() const {
  std::vector<double> sorted(times_.begin(), times_.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::optional<std::chrono::nanoseconds> PartTimes::late_after(int64_t bytes) const {
  constexpr size_t kFew = 4;
  const std::lock_guard lock(mutex_);
  if (times_.size() < kFew) return std::nullopt;
  const std::chrono::nanoseconds usual(std::llround(median() * static_cast<double>(bytes)));
  return std::max(3 * usual, least_);
}

int64_t PartTimes::bytes_in_a_second() const {
  const std::lock_guard lock(mutex_);
  if (times_.empty()) return 0;
  return std::llround(std::min(1e9 / median(), 1e12));
}

struct OrderedParts::Part {
  int64_t offset = 0;
  std::span<std::byte> bytes;
  std::vector<std::byte> buffer;  // where `bytes` lie, unless in the caller's memory
  std::atomic<int64_t> received{0};
  int64_t handed_out = 0;
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
    wait_for(*parts_.front(), sink);
    finish_front();
  }
}

int64_t OrderedParts::next_part_bytes() const {
  int64_t bytes = std::min(plan_.part_bytes, plan_.offset + plan_.bytes - next_);
  if (!plan_.destination) {
    const int64_t rate = times_.bytes_in_a_second() / kPieceStep * kPieceStep;
    bytes = std::min(bytes, std::max(rate, kLeastPart));
  }
  return bytes;
}

void OrderedParts::start_parts() {
  const int64_t end = plan_.offset + plan_.bytes;
  while (next_ < end && static_cast<int>(parts_.size()) < pool_.max_buffers()) {
    auto part = std::make_shared<Part>();
    const int64_t bytes = next_part_bytes();
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
    times.add(static_cast<int64_t>(part.bytes.size()), Clock::now() - start);
    part.hedge_stop.request_stop();
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(part.mutex);
  part.is_fetching = false;
  part.is_whole |= !error;
  part.error = std::move(error);
  part.changed.notify_all();
}

void OrderedParts::hand_out(Part& part, int64_t received,
                            FunctionRef<void(std::span<const std::byte>)> sink) {
  const auto all = static_cast<int64_t>(part.bytes.size());
  const int64_t end = received == all ? all : received / kPieceStep * kPieceStep;
  if (end <= part.handed_out) return;
  const auto begin = static_cast<size_t>(std::exchange(part.handed_out, end));
  sink(part.bytes.subspan(begin, static_cast<size_t>(end) - begin));
}

void OrderedParts::wait_for(Part& part, FunctionRef<void(std::span<const std::byte>)> sink) {
  constexpr std::chrono::milliseconds kLook{20};
  const auto bytes = static_cast<int64_t>(part.bytes.size());
  const std::stop_callback cancel(stop_, [&] {
    for (const auto& one : parts_) one->cancel();
    part.changed.notify_all();
  });
  std::unique_lock lock(part.mutex);
  while (!part.is_whole && !part.error) {
    if (stop_.stop_requested()) throw Error(ErrorCode::kCancelled, "a download was stopped");
    part.changed.wait_for(lock, kLook);
    const auto late = times_.late_after(bytes);
    const bool is_late = late && part.started && Clock::now() - *part.started > *late;
    const bool needs_hedge = is_late && part.is_fetching && !part.is_hedged;
    part.is_hedged |= needs_hedge;
    lock.unlock();
    hand_out(part, part.received, sink);
    if (needs_hedge) hedge(part);
    lock.lock();
  }
  lock.unlock();
  hand_out(part, part.is_whole ? bytes : part.received.load(), sink);
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
