#pragma once
// What every call into a backend goes through: the life-cycle state, the counters and the last
// error of BackendStatus, and the debug check of outputs. Said once, for all operations.

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>

#include "ferrum/backends/backend_status.h"
#include "ferrum/tensor/tensor.h"
#include "ferrum/types/function_ref.h"

namespace ferrum {

// Thread-safe. Calls in flight keep the backend from shutting down under them.
class OpGuard {
 public:
  // `check_output` throws for an output that must not be (NaN, infinity); empty: no check.
  explicit OpGuard(std::function<void(const Tensor&)> check_output)
      : check_output_(std::move(check_output)) {}

  // Runs an operation: throws kFailedState unless ready, checks `outputs`, counts it. Errors get
  // the operation's name and are remembered.
  void run(const char* op, std::initializer_list<const Tensor*> outputs, FunctionRef<void()> body) {
    access(op, [&] {
      body();
      for (const Tensor* output : outputs) check(*output);
      operations_completed_.fetch_add(1, std::memory_order_relaxed);
    });
  }

  // The debug check, for operations whose outputs are no fixed list.
  void check(const Tensor& output) const {
    if (check_output_) check_output_(output);
  }

  // The same for calls that are not operations: allocations, tensors from a factory, streams.
  void access(const char* call, FunctionRef<void()> body);

  BackendState state() const { return state_.load(); }
  void set_state(BackendState state) { state_.store(state); }
  void wait_until_idle();  // until no call is in flight

  void reset_counter() { operations_completed_ = 0; }
  uint64_t operations_completed() const { return operations_completed_; }
  void remember(const std::string& error);
  std::optional<std::string> last_error() const;

 private:
  void leave();

  const std::function<void(const Tensor&)> check_output_;
  std::atomic<BackendState> state_{BackendState::kCreated};
  std::atomic<int64_t> in_flight_{0};
  std::atomic<uint64_t> operations_completed_{0};
  mutable std::mutex mutex_;  // guards last_error_
  std::optional<std::string> last_error_;
};

}  // namespace ferrum
