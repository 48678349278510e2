#include "engine/scheduler.h"

#include <algorithm>

namespace ferrum {

Scheduler::Scheduler(BlockPool& blocks, int64_t max_sequences, int64_t max_step_tokens,
                     int64_t sliding_window)
    : blocks_(blocks),
      max_sequences_(max_sequences),
      max_step_tokens_(max_step_tokens),
      sliding_window_(sliding_window) {
  running_.reserve(static_cast<size_t>(max_sequences));
  items_.reserve(static_cast<size_t>(max_sequences));
}

void Scheduler::add(std::unique_ptr<Sequence> sequence) {
  waiting_.push_back(std::move(sequence));
}

void Scheduler::remove(Sequence* sequence) {
  blocks_.release(sequence->blocks);
  const auto is_it = [&](const auto& owned) { return owned.get() == sequence; };
  std::erase_if(running_, is_it);
  std::erase_if(waiting_, is_it);
}

std::span<const ScheduledItem> Scheduler::plan() {
  items_.clear();
  int64_t budget = max_step_tokens_;
  plan_running(budget);
  admit_waiting(budget);
  return items_;
}

void Scheduler::plan_running(int64_t& budget) {
  int64_t decodes = 0;
  for (const auto& sequence : running_) decodes += sequence->pending() == 1 ? 1 : 0;
  int64_t for_prompts = budget - decodes;

  // Oldest first, so that whoever is preempted has no item in this step yet.
  for (size_t i = 0; i < running_.size(); ++i) {
    Sequence* sequence = running_[i].get();
    const bool decode = sequence->pending() == 1;
    const int64_t tokens = decode ? 1 : std::min(sequence->pending(), for_prompts);
    if (tokens == 0) continue;
    while (i < running_.size() && !reserve(*sequence, tokens)) preempt_youngest();
    if (i == running_.size()) break;  // it was the youngest itself
    items_.push_back({sequence, tokens});
    budget -= tokens;
    if (!decode) for_prompts -= tokens;
  }
}

void Scheduler::admit_waiting(int64_t& budget) {
  while (budget > 0 && !waiting_.empty() && running() < max_sequences_) {
    Sequence* sequence = waiting_.front().get();
    const int64_t held = held_at_once(sequence->length(), sliding_window_, max_step_tokens_);
    if (!blocks_.grow(sequence->blocks, held)) break;
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    const int64_t tokens = std::min(sequence->pending(), budget);
    items_.push_back({sequence, tokens});
    budget -= tokens;
  }
}

// Blocks for the next `tokens`. The first of them looks back furthest.
bool Scheduler::reserve(Sequence& sequence, int64_t tokens) {
  if (sliding_window_ > 0) {
    blocks_.drop_before(sequence.blocks, sequence.cached - sliding_window_ + 1);
  }
  return blocks_.grow(sequence.blocks, sequence.cached + tokens);
}

void Scheduler::preempt_youngest() {
  Sequence& youngest = *running_.back();
  blocks_.release(youngest.blocks);
  youngest.cached = 0;
  waiting_.push_front(std::move(running_.back()));
  running_.pop_back();
}

std::vector<Sequence*> Scheduler::sequences() const {
  std::vector<Sequence*> all;
  for (const auto& sequence : running_) all.push_back(sequence.get());
  for (const auto& sequence : waiting_) all.push_back(sequence.get());
  return all;
}

}  // namespace ferrum
