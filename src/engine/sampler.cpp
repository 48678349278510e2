#include "engine/sampler.h"

#include <random>

namespace ferrum {
namespace {

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t system_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

double sampling_uniform(uint64_t seed, uint64_t index) {
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;
  const uint64_t bits = mix(mix(seed + kStep) + (index + 1) * kStep);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

Sampler::Sampler(const SamplingParams& params, std::span<const int32_t> prompt)
    : params_(params), seed_(params.seed ? *params.seed : system_seed()) {
  for (const auto& [token, bias] : params_.logit_bias) bias_.push_back({token, bias});
  for (const int32_t token : prompt) see(token);
}

SamplingRow Sampler::row() const {
  SamplingRow row;
  row.temperature = params_.temperature;
  row.top_k = params_.top_k;
  row.top_p = params_.top_p;
  row.min_p = params_.min_p;
  row.typical_p = params_.typical_p;
  row.repetition_penalty = params_.repetition_penalty;
  row.presence_penalty = params_.presence_penalty;
  row.frequency_penalty = params_.frequency_penalty;
  row.uniform = sampling_uniform(seed_, drawn_);
  row.bias = bias_;
  row.seen = seen_;
  row.generated = generated_;
  return row;
}

void Sampler::accept(int32_t token) {
  ++drawn_;
  see(token);
  if (params_.presence_penalty == 0 && params_.frequency_penalty == 0) return;
  const auto [entry, inserted] = generated_index_.try_emplace(token, generated_.size());
  if (inserted) generated_.push_back({token, 0});
  ++generated_[entry->second].count;
}

bool Sampler::is_argmax() const {
  return params_.temperature == 0 && bias_.empty() && params_.repetition_penalty == 1 &&
         params_.presence_penalty == 0 && params_.frequency_penalty == 0;
}

void Sampler::see(int32_t token) {
  if (params_.repetition_penalty == 1) return;
  if (seen_set_.insert(token).second) seen_.push_back(token);
}

}  // namespace ferrum
