#pragma once
// How many requests a server works on at the same time.

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "support/http_server.h"

namespace ferrum::test {

class RequestsAtOnce {
 public:
  // Answers as `handler` does, after a while in which others may come.
  ServerHandler counted(ServerHandler handler) {
    return [this, handler = std::move(handler)](const ServerRequest& request) {
      change(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      ServerReply reply = handler(request);
      change(-1);
      return reply;
    };
  }
  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  void change(int by) {
    const std::lock_guard lock(mutex_);
    most_ = std::max(most_, now_ += by);
  }

  std::mutex mutex_;
  int now_ = 0, most_ = 0;
};

}  // namespace ferrum::test
