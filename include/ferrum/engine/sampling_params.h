#pragma once
// How text is drawn from a model, as a user says it. Seed-era name: SamplingParams.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ferrum/types/json.h"

namespace ferrum {

struct SamplingParams {
  int64_t max_tokens = 0;        // of the answer; 0: as many as max_length and the context allow
  int64_t max_length = 0;        // of prompt and answer, where max_tokens is 0; 0: the context's
  float temperature = 1.0f;      // 0: greedy
  int32_t top_k = 0;             // 0: off
  float top_p = 1.0f;            // 1: off
  float min_p = 0.0f;            // 0: off
  float typical_p = 1.0f;        // 1: off
  float repetition_penalty = 1.0f;
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  std::map<int32_t, float> logit_bias;
  std::optional<uint64_t> seed;  // same seed, same text, whatever else runs beside it
  std::vector<std::string> stop; // the text ends before the first of these
  bool ignore_end = false;       // go on past end tokens

  // Throws kInvalidArgument naming the field, the value and the legal range.
  void validate(int64_t vocab_size) const;
};
void to_json(Json& json, const SamplingParams& params);
void from_json(const Json& json, SamplingParams& params);

// The model's own defaults from generation_config.json: max_new_tokens (here max_tokens),
// max_length, stop_strings (here stop), do_sample, temperature, top_k, top_p, min_p, typical_p,
// repetition_penalty. As in transformers, max_new_tokens goes before max_length; the max_length of
// 20 that transformers assumes where a file states neither does not count. Keys it does not know
// are other tools' business.
SamplingParams sampling_defaults(const Json& generation_config);

}  // namespace ferrum
