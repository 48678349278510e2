#pragma once
// The thread that runs steps, and the door through which requests reach it.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "engine/scheduler.h"
#include "engine/step_runner.h"
#include "ferrum/engine/engine.h"

namespace ferrum {

class EngineLoop {
 public:
  // Borrows `runner`, `blocks` and `tokenizer` (null for none).
  EngineLoop(StepRunner& runner, BlockPool& blocks, const StepLimits& limits,
             const Tokenizer* tokenizer, std::vector<int32_t> end_tokens);
  // Ends what still runs as cancelled.
  ~EngineLoop();
  EngineLoop(const EngineLoop&) = delete;
  EngineLoop& operator=(const EngineLoop&) = delete;

  // The request is valid. Thread-safe, as is status().
  std::unique_ptr<Generation> submit(Request request);
  EngineStatus status() const;

 private:
  // Shared with every Generation, which may outlive the loop.
  struct Inbox {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::unique_ptr<Sequence>> submitted;
    bool attention = false;  // something was submitted or cancelled
    bool stopping = false;
    void call();
  };
  class QueuedGeneration;

  void run();
  bool take_inbox();  // waits while there is nothing to do; false when stopping
  void drop_cancelled();
  void step();
  void lose(std::span<const ScheduledItem> items, std::exception_ptr error);
  void accept(Sequence& sequence, int32_t token);
  void finish(Sequence& sequence, const std::string& text, FinishReason reason);
  void fail(Sequence& sequence, std::exception_ptr error);
  std::shared_ptr<GenerationChannel> drop(Sequence& sequence);
  void publish_status();

  StepRunner& runner_;
  BlockPool& blocks_;
  const int64_t max_context_;
  const Tokenizer* tokenizer_;
  const std::unordered_set<int32_t> end_tokens_;
  Scheduler scheduler_;
  std::shared_ptr<Inbox> inbox_;
  std::vector<Sequence*> lost_;
  uint64_t steps_ = 0;
  mutable std::mutex status_mutex_;
  EngineStatus status_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace ferrum
