#include "engine/generation_channel.h"

#include <utility>

namespace ferrum {
namespace {

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

GenerationChannel::GenerationChannel(int64_t prompt_tokens) {
  usage_.prompt_tokens = prompt_tokens;
}

std::optional<Piece> GenerationChannel::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_ || closed_; });
  if (!pending_ && error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return std::exchange(pending_, std::nullopt);
}

Usage GenerationChannel::usage() const {
  const std::lock_guard lock(mutex_);
  return usage_;
}

void GenerationChannel::start() {
  const std::lock_guard lock(mutex_);
  if (started_) return;
  started_ = Clock::now();
  usage_.queue_seconds = seconds(*started_ - submitted_);
}

void GenerationChannel::push(const std::string& text, int32_t token) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  if (!first_token_) {
    first_token_ = now;
    usage_.prefill_seconds = seconds(now - *started_);
  }
  usage_.decode_seconds = seconds(now - *first_token_);
  ++usage_.completion_tokens;
  if (!pending_) pending_.emplace();
  pending_->text += text;
  pending_->tokens.push_back(token);
  changed_.notify_all();
}

void GenerationChannel::finish(const std::string& text, FinishReason reason) {
  const std::lock_guard lock(mutex_);
  if (!pending_) pending_.emplace();
  pending_->text += text;
  pending_->finish = reason;
  closed_ = true;
  changed_.notify_all();
}

void GenerationChannel::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace ferrum
