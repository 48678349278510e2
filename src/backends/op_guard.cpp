#include "backends/op_guard.h"

#include <new>

namespace ferrum {

void OpGuard::access(const char* call, FunctionRef<void()> body) {
  // Counted before the state is read: shutdown changes the state first and then waits, so one of
  // the two sees the other.
  in_flight_.fetch_add(1);
  try {
    if (const BackendState found = state(); found != BackendState::kReady) {
      throw Error(ErrorCode::kFailedState,
                  "the backend is " + std::string(to_string(found)) + ", not ready",
                  "call initialize(device) first");
    }
    body();
  } catch (const Error& error) {
    leave();
    const Error named = error.with_context(call);
    remember(named.message());
    throw named;
  } catch (const std::bad_alloc&) {
    leave();
    const Error named(ErrorCode::kResourceExhausted, std::string(call) + ": out of host memory");
    remember(named.message());
    throw named;
  } catch (...) {
    leave();
    throw;
  }
  leave();
}

void OpGuard::leave() {
  if (in_flight_.fetch_sub(1) == 1 && state() != BackendState::kReady) in_flight_.notify_all();
}

void OpGuard::wait_until_idle() {
  for (int64_t n = in_flight_.load(); n != 0; n = in_flight_.load()) in_flight_.wait(n);
}

void OpGuard::remember(const std::string& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error;
}

std::optional<std::string> OpGuard::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace ferrum
