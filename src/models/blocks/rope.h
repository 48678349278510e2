#pragma once
// Rotary position embedding and the ways in which checkpoints stretch it to longer contexts.
//   RoPE      Su et al., 2021, arXiv:2104.09864
//   linear    position interpolation, Chen et al., 2023, arXiv:2306.15595
//   dynamic   NTK-aware base that grows with the sequence
//   yarn      Peng et al., 2023, arXiv:2309.00071
//   llama3    Llama 3.1: low frequencies divided, high ones kept, a ramp between
//   longrope  Ding et al., 2024, arXiv:2402.13753: each frequency divided by a number of its own,
//             of one list up to the length of pre-training, of another beyond
// Frequencies are computed in f32 in the order in which transformers does, because at position
// 100,000 the last bit of a frequency is an angle of 0.01.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ferrum/models/model.h"
#include "ferrum/tensor/staged_tensor.h"
#include "models/config_reader.h"

namespace ferrum {

struct RopeConfig {
  enum class Kind { kDefault, kLinear, kDynamic, kLlama3, kYarn, kLongrope };

  Kind kind = Kind::kDefault;
  double theta = 10000;
  int64_t dim = 0;  // rotated elements of a head, even
  double factor = 1;
  int64_t max_positions = 0;           // dynamic: the length from which the base grows
  int64_t original_max_positions = 0;  // llama3, yarn, longrope: the length of pre-training
  double low_freq_factor = 1;          // llama3
  double high_freq_factor = 4;
  double beta_fast = 32;  // yarn
  double beta_slow = 1;
  bool truncate = true;
  double attention_factor = 1;  // of cos and sin
  std::vector<float> short_factors, long_factors;  // longrope: [dim / 2]
};

// Reads "rope_parameters", or "rope_scaling" and "rope_theta" as older configs spell it. Throws
// kUnsupported for a kind not listed above.
RopeConfig parse_rope(const ConfigReader& config, int64_t head_dim, int64_t max_positions);

// The longest sequence the positions are made for: "linear", "dynamic" and "yarn" stretch the
// length of pre-training by their factor.
int64_t rope_max_context(const RopeConfig& config);

// [dim / 2] frequencies for a sequence of that length ("dynamic" and "longrope" depend on it).
std::vector<float> rope_frequencies(const RopeConfig& config, int64_t sequence_length);

// Rotates queries and keys. cos and sin are computed per step for the step's own tokens, which
// costs less than a thousandth of it and needs no table as long as the context.
//
// Where frequencies depend on the length, transformers rotates a prompt by those of its whole
// length, and each token generated later by those of the sequence up to it; so does this, one
// sequence at a time.
class RotaryEmbedding {
 public:
  RotaryEmbedding(RopeConfig config, PositionOps& ops, ComputeBackend& backend,
                  const ModelOptions& options);
  static int64_t workspace_bytes(const RopeConfig& config, const ModelOptions& options);

  void prepare(std::span<const StepItem> items);
  // x: [tokens, heads, head_dim] of the prepared step, in place.
  void rotate(const Tensor& x) const;

 private:
  void fill_row(int64_t row, int64_t position);
  void update_frequencies(int64_t sequence_length);

  RopeConfig config_;
  PositionOps& ops_;
  std::vector<float> frequencies_;
  int64_t frequencies_length_ = 0;  // the sequence length they are for
  StagedTensor<float> cos_;         // [max_step_tokens, dim / 2]
  StagedTensor<float> sin_;
  StagedTensor<int32_t> rows_;      // 0, 1, 2, ...: token t uses row t of cos and sin
};

}  // namespace ferrum
