#pragma once
// One request's way of drawing tokens: its parameters, its random numbers, and what it has seen.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ferrum/engine/sampling_params.h"
#include "ferrum/tensor/kernel_ops.h"

namespace ferrum {

// The number in [0, 1) with which a request of this seed draws its index-th token: the upper 53
// bits of a SplitMix64 output (Steele et al., 2014, doi:10.1145/2660193.2660195) whose counter
// starts at the hashed seed. Depends on nothing else, so neither does the text.
double sampling_uniform(uint64_t seed, uint64_t index);

class Sampler {
 public:
  // Without a seed in `params` one is taken from the system.
  Sampler(const SamplingParams& params, std::span<const int32_t> prompt);

  // How the next token is to be drawn. Its spans are valid until the next accept().
  SamplingRow row() const;
  void accept(int32_t token);

  // Whether row() asks for the largest logit and nothing else.
  bool is_argmax() const;

 private:
  void see(int32_t token);

  SamplingParams params_;
  uint64_t seed_;
  uint64_t drawn_ = 0;
  std::vector<SamplingRow::Bias> bias_;
  std::vector<int32_t> seen_;  // prompt and answer, each token once; for repetition_penalty
  std::unordered_set<int32_t> seen_set_;
  std::vector<SamplingRow::Count> generated_;  // for presence_ and frequency_penalty
  std::unordered_map<int32_t, size_t> generated_index_;
};

}  // namespace ferrum
