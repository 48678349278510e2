#pragma once
// A model without weights that says what it is told to, for tests of what surrounds a model.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "ferrum/models/model.h"

namespace ferrum {

// Answers every prompt with the tokens of `script`, over and over. Prompts that begin with one of
// the tokens below go wrong.
class ScriptedModel final : public Model {
 public:
  static constexpr int32_t kFails = 1;   // forward throws
  static constexpr int32_t kNotANumber = 2;  // its logits are NaN

  ScriptedModel(int64_t vocab_size, std::vector<int32_t> script) : script_(std::move(script)) {
    info_.vocab_size = vocab_size;
    info_.max_positions = 1 << 20;
  }

  const ModelInfo& info() const override { return info_; }
  void pause_each_step(std::chrono::microseconds pause) { pause_ = pause; }
  int64_t largest_step() const { return largest_step_; }

  // As a cache does, firsts_ keeps under a sequence's first block what was seen there.
  void forward(const StepBatch& batch, const Tensor& logits) override {
    std::this_thread::sleep_for(pause_);
    largest_step_ = std::max(largest_step_.load(), batch.token_ids.dim(0));
    remember_first_tokens(batch);
    const int32_t* starts = batch.layout.query_start.data<int32_t>();
    const int32_t* rows = batch.logit_rows.data<int32_t>();
    size_t item = 0;
    for (int64_t row = 0; row < batch.logit_rows.dim(0); ++row) {
      while (starts[item + 1] <= rows[row]) ++item;
      write_row(batch.items[item], first_token(batch, item),
                logits.mutable_data<float>() + row * info_.vocab_size);
    }
  }

 private:
  int64_t first_block(const StepBatch& batch, size_t item) const {
    const Tensor& table = batch.layout.block_table;
    return table.data<int32_t>()[static_cast<int64_t>(item) * table.dim(1)];
  }

  void remember_first_tokens(const StepBatch& batch) {
    for (size_t i = 0; i < batch.items.size(); ++i) {
      if (batch.items[i].first_position != 0) continue;
      const int32_t start = batch.layout.query_start.data<int32_t>()[i];
      const auto block = static_cast<size_t>(first_block(batch, i));
      if (firsts_.size() <= block) firsts_.resize(block + 1);
      firsts_[block] = batch.token_ids.data<int32_t>()[start];
      if (firsts_[block] == kFails) throw Error(ErrorCode::kInternal, "the model failed");
    }
  }

  int32_t first_token(const StepBatch& batch, size_t item) const {
    return firsts_[static_cast<size_t>(first_block(batch, item))];
  }

  // The scripted token stands out, but others are possible: a temperature shows.
  void write_row(const StepItem& item, int32_t first, float* row) const {
    const int64_t answered = item.first_position + item.tokens - item.prompt_length;
    const int32_t next = script_[static_cast<size_t>(answered) % script_.size()];
    for (int64_t token = 0; token < info_.vocab_size; ++token) {
      row[token] = first == kNotANumber ? std::numeric_limits<float>::quiet_NaN()
                                        : static_cast<float>(token % 7) * 0.25f;
    }
    if (first != kNotANumber) row[next] += 4;
  }

  ModelInfo info_;
  std::vector<int32_t> script_;
  std::vector<int32_t> firsts_;  // by first block
  std::chrono::microseconds pause_{0};
  std::atomic<int64_t> largest_step_ = 0;
};

}  // namespace ferrum
