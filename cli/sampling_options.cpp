#include "cli/sampling_options.h"

#include <charconv>
#include <cstdint>
#include <limits>

#include "cli/command.h"
#include "cli/validators.h"

namespace ferrum::cli {
namespace {

template <class T>
void override_with(const std::optional<T>& given, T& value) {
  if (given) value = *given;
}

// "1234=-5.5"
std::pair<int32_t, float> parse_bias(const std::string& text) {
  int32_t token = 0;
  float bias = 0;
  const char* end = text.data() + text.size();
  const auto id = std::from_chars(text.data(), end, token);
  bool good = id.ec == std::errc{} && id.ptr != end && *id.ptr == '=';
  if (good) {
    const auto value = std::from_chars(id.ptr + 1, end, bias);
    good = value.ec == std::errc{} && value.ptr == end;
  }
  if (!good) {
    throw UsageError("--logit-bias '" + text + "' is not ID=BIAS",
                     "For example --logit-bias 1234=-5.");
  }
  return {token, bias};
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& o) {
  const auto group = "Sampling (default: that of the model's generation_config.json)";
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(group);
  };
  add("-n,--max-tokens", o.max_tokens,
      "Longest answer in tokens; 0: as the context allows (default: the model's max_new_tokens, "
      "else what its max_length leaves after the prompt)")
      ->check(integer_in(0, std::numeric_limits<int32_t>::max()));
  add("--temperature", o.temperature, "0 is greedy; higher is more varied");
  add("--top-k", o.top_k, "Draw from the k most probable tokens; 0: all");
  add("--top-p", o.top_p, "Draw from the smallest set of this probability; 1: all");
  add("--min-p", o.min_p, "Drop tokens below this share of the most probable");
  add("--typical-p", o.typical_p, "Keep tokens of typical information; 1: off");
  add("--repetition-penalty", o.repetition_penalty, "Above 1 discourages tokens seen before");
  add("--presence-penalty", o.presence_penalty, "Subtracted once from generated tokens");
  add("--frequency-penalty", o.frequency_penalty, "Subtracted for each time generated");
  add("--seed", o.seed, "Same seed, same text")
      ->check(integer_in(0, std::numeric_limits<int64_t>::max()));
  add("--logit-bias", o.logit_bias, "ID=BIAS, added to a token's logit; repeatable")
      ->allow_extra_args(false);
  add("--stop", o.stop,
      "End the answer before this text; repeatable; replaces the model's stop_strings")
      ->allow_extra_args(false);
  command.add_flag("--ignore-eos", o.ignore_end, "Go on past the end token")->group(group);
}

void check(const SamplingOptions& options) {
  SamplingParams params;
  apply(options, params);
  try {
    params.validate(std::numeric_limits<int32_t>::max());
    for (const std::string& stop : params.stop) check_utf8(stop, "--stop");
  } catch (const Error& error) {
    throw UsageError(error.message(), error.hint());
  }
}

void apply(const SamplingOptions& o, SamplingParams& params) {
  override_with(o.max_tokens, params.max_tokens);
  if (o.max_tokens) params.max_length = 0;
  override_with(o.temperature, params.temperature);
  override_with(o.top_k, params.top_k);
  override_with(o.top_p, params.top_p);
  override_with(o.min_p, params.min_p);
  override_with(o.typical_p, params.typical_p);
  override_with(o.repetition_penalty, params.repetition_penalty);
  override_with(o.presence_penalty, params.presence_penalty);
  override_with(o.frequency_penalty, params.frequency_penalty);
  if (o.seed) params.seed = o.seed;
  for (const std::string& bias : o.logit_bias) params.logit_bias.insert(parse_bias(bias));
  if (!o.stop.empty()) params.stop = o.stop;
  params.ignore_end = params.ignore_end || o.ignore_end;
}

}  // namespace ferrum::cli
