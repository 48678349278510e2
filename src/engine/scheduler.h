#pragma once
// Decides what the next step computes: a mixed batch of decodes and prefill chunks under a token
// budget, first come, first served.
//
// * Decodes (one pending token) go first, so that no long prompt stalls them; what is left of the
//   budget goes to prompts in order of arrival, in chunks.
// * A waiting request is admitted when all blocks that its tokens need at once are free, and never
//   past one that waits longer.
// * An answer takes blocks as it grows. When none is free, the youngest running request gives up
//   its blocks and waits again, first in line; its tokens are computed anew when it returns, which
//   changes nothing its reader can see. Since the cache holds at least what one full context needs
//   at once, the oldest request always goes on.
// * Where the model attends through a sliding window, blocks that fall behind it are freed.
// Not thread-safe: the engine's thread owns it.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "engine/block_pool.h"
#include "engine/sequence.h"

namespace ferrum {

struct ScheduledItem {
  Sequence* sequence;
  int64_t tokens;  // the next ones of sequence->tokens, from sequence->cached on
  bool is_complete() const { return tokens == sequence->pending(); }  // wants logits
};

class Scheduler {
 public:
  // Borrows `blocks`. max_step_tokens >= max_sequences, so that every decode fits a step.
  // A sliding_window of 0 is none.
  Scheduler(BlockPool& blocks, int64_t max_sequences, int64_t max_step_tokens,
            int64_t sliding_window = 0);

  // Tokens whose blocks a sequence of `length` needs at once: all, or a window and a step's, and
  // the parts of the blocks at both ends that they do not fill.
  static int64_t held_at_once(int64_t length, int64_t sliding_window, int64_t max_step_tokens) {
    if (sliding_window == 0) return length;
    return std::min(length, sliding_window + max_step_tokens + 2 * BlockPool::kBlockTokens);
  }

  void add(std::unique_ptr<Sequence> sequence);
  // Drops the sequence and frees its blocks.
  void remove(Sequence* sequence);

  // The next step; empty only when there is nothing to do. Valid until the next call of any method.
  // Blocks for its tokens are reserved; whoever runs it advances Sequence::cached.
  std::span<const ScheduledItem> plan();

  bool empty() const { return running_.empty() && waiting_.empty(); }
  int64_t running() const { return static_cast<int64_t>(running_.size()); }
  int64_t waiting() const { return static_cast<int64_t>(waiting_.size()); }
  // Running and waiting ones.
  std::vector<Sequence*> sequences() const;

 private:
  void plan_running(int64_t& budget);
  void admit_waiting(int64_t& budget);
  bool reserve(Sequence& sequence, int64_t tokens);
  void preempt_youngest();

  BlockPool& blocks_;
  const int64_t max_sequences_;
  const int64_t max_step_tokens_;
  const int64_t sliding_window_;
  std::vector<std::unique_ptr<Sequence>> running_;  // oldest first
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<ScheduledItem> items_;
};

}  // namespace ferrum
