#pragma once
// Runs one scheduled step: writes its batch into tensors made at start, calls the model, draws the
// tokens. Allocates no tensor. Not thread-safe.

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "engine/kv_cache.h"
#include "engine/scheduler.h"
#include "ferrum/tensor/staged_tensor.h"

namespace ferrum {

struct StepLimits {
  int64_t max_step_tokens = 0;
  int64_t max_sequences = 0;
  int64_t max_context = 0;
  int64_t sliding_window = 0;  // of the model; 0: none
};

class StepRunner {
 public:
  // Borrows all but the limits.
  StepRunner(Model& model, KvCache& cache, ComputeBackend& backend, const Device& device,
             const StepLimits& limits);
  static int64_t workspace_bytes(const ModelInfo& info, const StepLimits& limits);

  // What became of an item that wanted logits.
  struct Result {
    Sequence* sequence;
    int32_t token;
    std::exception_ptr error;  // its logits could not be sampled; then there is no token
  };
  // Computes the step and advances Sequence::cached of its items. Throws what the model throws.
  // The results are valid until the next call.
  std::span<Result> run(std::span<const ScheduledItem> items);

 private:
  StepBatch write_batch(std::span<const ScheduledItem> items);
  void write_tokens(const ScheduledItem& item, int64_t first_token);
  void sample();
  void sample_rows(int64_t first, int64_t count);

  Model& model_;
  KvCache& cache_;
  std::unique_ptr<KernelOps> ops_;
  int64_t max_blocks_;

  StagedTensor<int32_t> token_ids_;       // [max_step_tokens]
  StagedTensor<int64_t> slots_;           // [max_step_tokens]
  StagedTensor<int32_t> query_start_;     // [max_sequences + 1]
  StagedTensor<int32_t> context_length_;  // [max_sequences]
  StagedTensor<int32_t> block_table_;     // [max_sequences, max_blocks]
  StagedTensor<int32_t> logit_rows_;      // [max_sequences]
  StagedTensor<int32_t> drawn_;           // [max_sequences]
  Tensor logits_;                         // f32 [max_sequences, vocab]

  std::vector<StepItem> items_;
  std::vector<SamplingRow> rows_;
  std::vector<Result> results_;
};

}  // namespace ferrum
