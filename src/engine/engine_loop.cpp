#include "engine/engine_loop.h"

#include <algorithm>

namespace ferrum {

void EngineLoop::Inbox::call() {
  const std::lock_guard lock(mutex);
  attention = true;
  changed.notify_one();
}

class EngineLoop::QueuedGeneration final : public Generation {
 public:
  QueuedGeneration(std::shared_ptr<GenerationChannel> channel, std::shared_ptr<Inbox> inbox)
      : channel_(std::move(channel)), inbox_(std::move(inbox)) {}
  ~QueuedGeneration() override { cancel(); }

  std::optional<Piece> next() override { return channel_->next(); }
  Usage usage() const override { return channel_->usage(); }
  void cancel() override {
    channel_->cancel();
    inbox_->call();
  }

 private:
  std::shared_ptr<GenerationChannel> channel_;
  std::shared_ptr<Inbox> inbox_;
};

EngineLoop::EngineLoop(StepRunner& runner, BlockPool& blocks, const StepLimits& limits,
                       const Tokenizer* tokenizer, std::vector<int32_t> end_tokens)
    : runner_(runner),
      blocks_(blocks),
      max_context_(limits.max_context),
      tokenizer_(tokenizer),
      end_tokens_(end_tokens.begin(), end_tokens.end()),
      scheduler_(blocks, limits.max_sequences, limits.max_step_tokens, limits.sliding_window),
      inbox_(std::make_shared<Inbox>()) {
  publish_status();
  thread_ = std::thread([this] { run(); });
}

EngineLoop::~EngineLoop() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->stopping = true;
    inbox_->changed.notify_one();
  }
  thread_.join();
}

std::unique_ptr<Generation> EngineLoop::submit(Request request) {
  const auto prompt_length = static_cast<int64_t>(request.tokens.size());
  const SamplingParams& sampling = request.sampling;
  int64_t max_length = max_context_;
  if (sampling.max_tokens > 0) {
    max_length = prompt_length + std::min(sampling.max_tokens, max_context_ - prompt_length);
  } else if (sampling.max_length > 0) {
    max_length = std::min(sampling.max_length, max_context_);
  }
  auto channel = std::make_shared<GenerationChannel>(prompt_length);
  Sampler sampler(sampling, request.tokens);
  auto sequence = std::make_unique<Sequence>(Sequence{
      .tokens = std::move(request.tokens),
      .prompt_length = prompt_length,
      .max_length = max_length,
      .ignore_end = sampling.ignore_end,
      .sampler = std::move(sampler),
      .text = TextStream(tokenizer_, sampling.stop),
      .channel = channel,
      .blocks = {},
  });
  auto generation = std::make_unique<QueuedGeneration>(std::move(channel), inbox_);
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->submitted.push_back(std::move(sequence));
  }
  inbox_->call();
  return generation;
}

EngineStatus EngineLoop::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void EngineLoop::run() {
  while (take_inbox()) {
    drop_cancelled();
    step();
    publish_status();
  }
  for (Sequence* sequence : scheduler_.sequences()) {
    finish(*sequence, {}, FinishReason::kCancelled);
  }
}

bool EngineLoop::take_inbox() {
  std::unique_lock lock(inbox_->mutex);
  inbox_->changed.wait(lock, [this] {
    return inbox_->stopping || inbox_->attention || !scheduler_.empty();
  });
  inbox_->attention = false;
  for (auto& sequence : inbox_->submitted) scheduler_.add(std::move(sequence));
  inbox_->submitted.clear();
  return !inbox_->stopping;
}

void EngineLoop::drop_cancelled() {
  for (Sequence* sequence : scheduler_.sequences()) {
    if (sequence->channel->cancelled()) finish(*sequence, {}, FinishReason::kCancelled);
  }
}

void EngineLoop::step() {
  const std::span<const ScheduledItem> items = scheduler_.plan();
  if (items.empty()) return;
  for (const ScheduledItem& item : items) item.sequence->channel->start();
  ++steps_;
  std::span<StepRunner::Result> results;
  std::exception_ptr error;
  try {
    results = runner_.run(items);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) return lose(items, std::move(error));
  for (StepRunner::Result& result : results) {
    if (!result.error) {
      try {
        accept(*result.sequence, result.token);
      } catch (const Error&) {  // of the detokenizer, while the sequence is still there
        result.error = std::current_exception();
      }
    }
    if (result.error) fail(*result.sequence, std::move(result.error));
  }
}

// With a step everyone in it is lost; the others go on.
void EngineLoop::lose(std::span<const ScheduledItem> items, std::exception_ptr error) {
  for (const ScheduledItem& item : items) lost_.push_back(item.sequence);
  for (Sequence* sequence : lost_) {
    fail(*sequence, sequence == lost_.back() ? std::move(error) : error);
  }
  lost_.clear();
}

void EngineLoop::accept(Sequence& sequence, int32_t token) {
  sequence.tokens.push_back(token);
  sequence.sampler.accept(token);
  if (!sequence.ignore_end && end_tokens_.contains(token)) {
    sequence.channel->push({}, token);
    return finish(sequence, sequence.text.finish(), FinishReason::kStop);
  }
  sequence.channel->push(sequence.text.push(token), token);
  if (sequence.text.stopped()) return finish(sequence, {}, FinishReason::kStop);
  if (sequence.length() < sequence.max_length) return;
  const std::string rest = sequence.text.finish();
  finish(sequence, rest,
         sequence.text.stopped() ? FinishReason::kStop : FinishReason::kLength);
}

// The reader hears of the end when the blocks are free and status() says so.
void EngineLoop::finish(Sequence& sequence, const std::string& text, FinishReason reason) {
  const std::shared_ptr<GenerationChannel> channel = drop(sequence);
  channel->finish(text, reason);
}

// The error is its readers' alone from here on.
void EngineLoop::fail(Sequence& sequence, std::exception_ptr error) {
  const std::shared_ptr<GenerationChannel> channel = drop(sequence);
  channel->fail(std::move(error));
}

std::shared_ptr<GenerationChannel> EngineLoop::drop(Sequence& sequence) {
  std::shared_ptr<GenerationChannel> channel = sequence.channel;
  scheduler_.remove(&sequence);
  publish_status();
  return channel;
}

void EngineLoop::publish_status() {
  const std::lock_guard lock(status_mutex_);
  status_.running = scheduler_.running();
  status_.waiting = scheduler_.waiting();
  status_.cache_blocks_used = blocks_.used();
  status_.cache_blocks_total = blocks_.total();
  status_.steps = steps_;
}

}  // namespace ferrum
