// The JSON of the engine's types.

#include <array>

#include "ferrum/engine/engine.h"

namespace ferrum {

void to_json(Json& json, const EngineConfig& config) {
  json = {{"model", config.model},
          {"weights", config.weights},
          {"backend", config.backend},
          {"dtype", config.dtype ? Json(*config.dtype) : Json()},
          {"activation_dtype", config.activation_dtype ? Json(*config.activation_dtype) : Json()},
          {"max_context", config.max_context},
          {"max_sequences", config.max_sequences},
          {"max_step_tokens", config.max_step_tokens},
          {"cache_tokens", config.cache_tokens}};
}

void from_json(const Json& json, EngineConfig& config) {
  JsonReader reader(json, "engine config");
  reader.read("model", config.model);
  reader.read("weights", config.weights);
  reader.read("backend", config.backend);
  DataType dtype;
  if (reader.read("dtype", dtype)) config.dtype = dtype;
  if (reader.read("activation_dtype", dtype)) config.activation_dtype = dtype;
  reader.read("max_context", config.max_context);
  reader.read("max_sequences", config.max_sequences);
  reader.read("max_step_tokens", config.max_step_tokens);
  reader.read("cache_tokens", config.cache_tokens);
  reader.finish();
}

std::string_view to_string(FinishReason reason) {
  constexpr std::array<std::string_view, 3> kNames{"stop", "length", "cancelled"};
  return kNames[static_cast<size_t>(reason)];
}

void to_json(Json& json, const Usage& usage) {
  json = {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"queue_seconds", usage.queue_seconds},
          {"prefill_seconds", usage.prefill_seconds},
          {"decode_seconds", usage.decode_seconds}};
}

void from_json(const Json& json, Usage& usage) {
  JsonReader reader(json, "usage");
  reader.read("prompt_tokens", usage.prompt_tokens);
  reader.read("completion_tokens", usage.completion_tokens);
  reader.read("queue_seconds", usage.queue_seconds);
  reader.read("prefill_seconds", usage.prefill_seconds);
  reader.read("decode_seconds", usage.decode_seconds);
  reader.finish();
}

void to_json(Json& json, const EngineStatus& status) {
  json = {{"running", status.running},
          {"waiting", status.waiting},
          {"cache_blocks_used", status.cache_blocks_used},
          {"cache_blocks_total", status.cache_blocks_total},
          {"steps", status.steps}};
}

void from_json(const Json& json, EngineStatus& status) {
  JsonReader reader(json, "engine status");
  reader.read("running", status.running);
  reader.read("waiting", status.waiting);
  reader.read("cache_blocks_used", status.cache_blocks_used);
  reader.read("cache_blocks_total", status.cache_blocks_total);
  reader.read("steps", status.steps);
  reader.finish();
}

}  // namespace ferrum
