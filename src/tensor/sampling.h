#pragma once
// The sampling law of SamplingRow (see kernel_ops.h) on host memory: said once, for the composed
// group and for the CPU backend.

#include <cstdint>
#include <span>
#include <vector>

#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

// What one thread needs to sample rows; reused so that a step allocates nothing once it is warm.
struct SamplingScratch {
  struct Candidate {
    float logit;
    int32_t token;
    float weight;  // unnormalised probability; what the current step ranks and adds up
    float key;     // typical-p's distance from the entropy
  };
  std::vector<float> logits;
  std::vector<Candidate> candidates;
};

// Throws kInvalidArgument unless logits is [rows, vocab] with vocab >= 1 and out is i32 [rows].
void check_sampling_shapes(const Tensor& logits, const Tensor& out);

// Throws kInvalidArgument unless there are `row_count` rows, each with parameters and token ids
// that make sense for `vocab`.
void check_sampling_rows(std::span<const SamplingRow> rows, int64_t row_count, int64_t vocab);

// Lowest index of the largest element; NaN never wins.
int32_t argmax_row(std::span<const float> logits);

// One token by the law. `scratch.logits` holds the row's logits and is consumed. The row must have
// passed check_sampling_rows. Throws kInvalidArgument when no logit is finite.
int32_t sample_row(const SamplingRow& row, SamplingScratch& scratch);

}  // namespace ferrum
