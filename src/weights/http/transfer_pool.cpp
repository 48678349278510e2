#include "weights/http/transfer_pool.h"

#include <exception>

#include "ferrum/types/error.h"

namespace ferrum {

TransferPool::TransferPool(int max_connections) : max_connections_(max_connections) {}

TransferPool::~TransferPool() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void TransferPool::start(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    const bool is_short = static_cast<int>(work_.size()) > idle_threads_;
    if (is_short && static_cast<int>(threads_.size()) < max_connections_) {
      start_thread();
    }
  }
  work_came_.notify_one();
}

// For the work that came last. Where no more threads can be had, those that run take it.
void TransferPool::start_thread() {
  try {
    threads_.emplace_back([this](std::stop_token stop) { work_until(stop); });
  } catch (const std::exception& error) {
    if (!threads_.empty()) return;
    work_.pop_back();  // its caller is told, and waits for it no longer
    throw Error(ErrorCode::kResourceExhausted,
                std::string("no thread can be started to download with: ") + error.what(),
                "raise the limit on processes (ulimit -u), or free memory");
  }
}

void TransferPool::work_until(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    ++idle_threads_;
    const bool came = work_came_.wait(lock, stop, [this] { return !work_.empty(); });
    --idle_threads_;
    if (!came) return;
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

std::optional<TransferPool::Buffer> TransferPool::try_take_buffer() {
  {
    const std::lock_guard lock(mutex_);
    if (buffers_out_ >= max_buffers()) return std::nullopt;
  }
  return take_buffer();
}

TransferPool::Buffer TransferPool::take_buffer() {
  const std::lock_guard lock(mutex_);
  ++buffers_out_;
  if (kept_buffers_.empty()) return {};
  Buffer buffer = std::move(kept_buffers_.back());
  kept_buffers_.pop_back();
  return buffer;
}

void TransferPool::give_back(Buffer buffer) {
  const std::lock_guard lock(mutex_);
  kept_buffers_.push_back(std::move(buffer));
  if (--buffers_out_ == 0) kept_buffers_.clear();
}

}  // namespace ferrum
