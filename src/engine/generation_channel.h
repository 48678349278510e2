#pragma once
// What lies between the engine's thread, which writes, and the one reader of a request.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>

#include "ferrum/engine/engine.h"

namespace ferrum {

// Pieces that the reader has not fetched are merged, so a slow reader costs no queue.
class GenerationChannel {
 public:
  explicit GenerationChannel(int64_t prompt_tokens);

  // The reader's side.
  std::optional<Piece> next();
  Usage usage() const;
  void cancel() { cancelled_ = true; }

  // The engine's side. After finish() or fail() nothing more is written.
  bool cancelled() const { return cancelled_; }
  void start();  // the first step with this request begins; later calls do nothing
  void push(const std::string& text, int32_t token);
  void finish(const std::string& text, FinishReason reason);
  void fail(std::exception_ptr error);

 private:
  using Clock = std::chrono::steady_clock;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Piece> pending_;
  std::exception_ptr error_;
  bool closed_ = false;
  Usage usage_;
  const Clock::time_point submitted_ = Clock::now();
  std::optional<Clock::time_point> started_, first_token_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace ferrum
