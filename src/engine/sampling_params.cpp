#include "ferrum/engine/sampling_params.h"

#include <cmath>
#include <sstream>

namespace ferrum {
namespace {

template <class T>
void require(bool legal, const char* field, const T& value, const char* range) {
  if (legal) return;
  std::ostringstream text;
  text << field << " is " << value << "; it must be " << range;
  throw Error(ErrorCode::kInvalidArgument, text.str());
}

bool within(float value, float low, float high) { return value >= low && value <= high; }

// OpenAI's JSON has string keys; so does JSON itself.
Json bias_to_json(const std::map<int32_t, float>& bias) {
  Json json = Json::object();
  for (const auto& [token, value] : bias) json[std::to_string(token)] = value;
  return json;
}

std::map<int32_t, float> bias_from_json(const std::map<std::string, float>& json) {
  std::map<int32_t, float> bias;
  for (const auto& [key, value] : json) {
    const bool digits = !key.empty() && key.size() <= 9 &&
                        key.find_first_not_of("0123456789") == std::string::npos;
    require(digits, "a key of logit_bias", key, "a token id");
    bias[std::stoi(key)] = value;
  }
  return bias;
}

// An explicit limit of tokens; 0, which means none here, would not mean that there.
void read_limit(JsonReader& reader, const char* key, int64_t& limit) {
  const std::string field = "generation_config.json." + std::string(key);
  if (reader.read(key, limit)) require(limit >= 1, field.c_str(), limit, "1 or more");
}

// One string or a list of them.
std::vector<std::string> read_stop_strings(const Json& generation_config, JsonReader& reader) {
  const auto it = generation_config.find("stop_strings");
  std::vector<std::string> stop;
  if (it != generation_config.end() && it->is_string()) {
    stop.push_back(it->get<std::string>());
  } else {
    reader.read("stop_strings", stop);
  }
  for (const std::string& text : stop) {
    require(!text.empty(), "a text of generation_config.json.stop_strings", "\"\"",
            "at least one character");
  }
  return stop;
}

}  // namespace

void SamplingParams::validate(int64_t vocab_size) const {
  require(max_tokens >= 0, "max_tokens", max_tokens, "0 (as many as fit) or more");
  require(max_length >= 0, "max_length", max_length, "0 (off) or more");
  require(temperature >= 0 && std::isfinite(temperature), "temperature", temperature,
          "0 (greedy) or more");
  require(top_k >= 0, "top_k", top_k, "0 (off) or more");
  require(top_p > 0 && top_p <= 1, "top_p", top_p, "above 0 and at most 1 (off)");
  require(within(min_p, 0, 1), "min_p", min_p, "from 0 (off) to 1");
  require(typical_p > 0 && typical_p <= 1, "typical_p", typical_p, "above 0 and at most 1 (off)");
  require(repetition_penalty > 0 && std::isfinite(repetition_penalty), "repetition_penalty",
          repetition_penalty, "above 0 (1: off)");
  require(within(presence_penalty, -2, 2), "presence_penalty", presence_penalty, "from -2 to 2");
  require(within(frequency_penalty, -2, 2), "frequency_penalty", frequency_penalty,
          "from -2 to 2");
  for (const auto& [token, bias] : logit_bias) {
    require(token >= 0 && token < vocab_size, "a token of logit_bias", token,
            ("from 0 to " + std::to_string(vocab_size - 1)).c_str());
    require(within(bias, -100, 100), "a logit_bias", bias, "from -100 to 100");
  }
  for (const std::string& text : stop) {
    require(!text.empty(), "a stop string", "\"\"", "at least one character");
  }
}

void to_json(Json& json, const SamplingParams& params) {
  json = {{"max_tokens", params.max_tokens},
          {"max_length", params.max_length},
          {"temperature", params.temperature},
          {"top_k", params.top_k},
          {"top_p", params.top_p},
          {"min_p", params.min_p},
          {"typical_p", params.typical_p},
          {"repetition_penalty", params.repetition_penalty},
          {"presence_penalty", params.presence_penalty},
          {"frequency_penalty", params.frequency_penalty},
          {"logit_bias", bias_to_json(params.logit_bias)},
          {"seed", params.seed ? Json(*params.seed) : Json()},
          {"stop", params.stop},
          {"ignore_end", params.ignore_end}};
}

void from_json(const Json& json, SamplingParams& params) {
  JsonReader reader(json, "sampling");
  reader.read("max_tokens", params.max_tokens);
  reader.read("max_length", params.max_length);
  reader.read("temperature", params.temperature);
  reader.read("top_k", params.top_k);
  reader.read("top_p", params.top_p);
  reader.read("min_p", params.min_p);
  reader.read("typical_p", params.typical_p);
  reader.read("repetition_penalty", params.repetition_penalty);
  reader.read("presence_penalty", params.presence_penalty);
  reader.read("frequency_penalty", params.frequency_penalty);
  std::map<std::string, float> bias;
  if (reader.read("logit_bias", bias)) params.logit_bias = bias_from_json(bias);
  uint64_t seed = 0;
  if (reader.read("seed", seed)) params.seed = seed;
  reader.read("stop", params.stop);
  reader.read("ignore_end", params.ignore_end);
  reader.finish();
}

SamplingParams sampling_defaults(const Json& generation_config) {
  JsonReader reader(generation_config, "generation_config.json");
  SamplingParams params;
  read_limit(reader, "max_new_tokens", params.max_tokens);
  read_limit(reader, "max_length", params.max_length);
  params.stop = read_stop_strings(generation_config, reader);
  bool do_sample = false;
  reader.read("do_sample", do_sample);
  reader.read("repetition_penalty", params.repetition_penalty);
  if (!do_sample) {
    params.temperature = 0;
    return params;
  }
  reader.read("temperature", params.temperature);
  reader.read("top_k", params.top_k);
  reader.read("top_p", params.top_p);
  reader.read("min_p", params.min_p);
  reader.read("typical_p", params.typical_p);
  return params;
}

}  // namespace ferrum
