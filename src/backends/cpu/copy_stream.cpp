#include "backends/cpu/copy_stream.h"

#include <utility>

namespace ferrum {

CopyStream::~CopyStream() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

void CopyStream::enqueue(std::function<void()> copy) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(copy));
    ++enqueued_;
  }
  changed_.notify_all();
}

void CopyStream::synchronize() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this, until = enqueued_] { return done_ >= until; });
}

void CopyStream::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    {
      const std::function<void()> copy = std::exchange(queue_.front(), nullptr);
      lock.unlock();
      copy();
    }  // what the copy kept alive goes before anyone is told that it is done
    lock.lock();
    queue_.pop_front();
    ++done_;
    changed_.notify_all();
  }
}

}  // namespace ferrum
