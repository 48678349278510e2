#pragma once
// What the objects of one source share: connections, threads and memory to read ahead.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "weights/http/http_client.h"

namespace ferrum {

// Thread-safe. Threads start when there is work for them.
class TransferPool {
 public:
  explicit TransferPool(int max_connections);  // >= 1
  ~TransferPool();  // joins; work that waits is dropped

  HttpClient& client() { return client_; }
  int max_connections() const { return max_connections_; }

  // Runs `work`, which throws nothing, on one of max_connections() threads, first come first
  // served. Throws kResourceExhausted where there is no thread and none can be started.
  void start(std::function<void()> work);

  // Memory for one part of read-ahead, kept for the next until all are back. `try_take_buffer`
  // gives none while max_buffers() are out; `take_buffer` is for the part without which a reader
  // stands still.
  using Buffer = std::vector<std::byte>;
  std::optional<Buffer> try_take_buffer();
  Buffer take_buffer();
  void give_back(Buffer buffer);
  int max_buffers() const { return max_connections_ + max_connections_ / 4 + 1; }

 private:
  void start_thread();
  void work_until(std::stop_token stop);

  const int max_connections_;
  HttpClient client_;

  std::mutex mutex_;
  std::condition_variable_any work_came_;
  std::deque<std::function<void()>> work_;
  int idle_threads_ = 0;
  std::vector<Buffer> kept_buffers_;
  int buffers_out_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace ferrum
