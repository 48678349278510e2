#pragma once
// An ordered queue of copies, done by one thread of its own.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ferrum {

class CopyStream {
 public:
  CopyStream() : worker_([this] { work(); }) {}
  ~CopyStream();  // finishes what is queued
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  void enqueue(std::function<void()> copy);  // `copy` must not throw
  void synchronize();                        // waits for everything queued before the call

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  uint64_t enqueued_ = 0;
  uint64_t done_ = 0;
  bool closing_ = false;
  std::thread worker_;
};

}  // namespace ferrum
