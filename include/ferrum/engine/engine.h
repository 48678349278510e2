#pragma once
// The engine: a model directory in, streamed text out. What `ferrum run`, `ferrum bench` and every
// other face of the product stand on; there is no second way.
//
//   auto engine = ferrum::Engine::open({.model = "path/to/model"});
//   ferrum::Request request = engine->chat_request({{{"role", "user"}, {"content", "Hello"}}});
//   auto generation = engine->submit(std::move(request));
//   while (auto piece = generation->next()) std::cout << piece->text << std::flush;
//
// One thread of the engine runs steps: each step is one mixed batch of prefill chunks and decodes
// under a token budget. Every method is thread-safe. Errors of one request end that request, not
// the engine.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/backends/backend_config.h"
#include "ferrum/backends/compute_backend.h"
#include "ferrum/backends/machine_limits.h"
#include "ferrum/engine/memory_plan.h"
#include "ferrum/engine/sampling_params.h"
#include "ferrum/models/model.h"
#include "ferrum/text/chat_template.h"
#include "ferrum/text/tokenizer.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"

namespace ferrum {

// The config of a backend without its type: the engine takes the best there is.
inline BackendConfig any_backend() {
  BackendConfig config;
  config.backend_type.clear();
  return config;
}

struct EngineConfig {
  // A directory or a location such as "hf:org/name"; empty: the embedded demonstration model.
  std::string model;
  WeightLoaderConfig weights = {};
  BackendConfig backend = any_backend();
  std::optional<DataType> dtype = std::nullopt;  // weights are cast to it; absent: as stored
  // Of activations and KV cache, f32 or bf16. Absent: bf16 where most weights, as they will lie in
  // memory, are bf16 and the backend has supports_native_bf16; else f32.
  std::optional<DataType> activation_dtype = std::nullopt;
  int64_t max_context = 0;           // tokens of one sequence; 0: the model's, as far as it fits
  int64_t max_sequences = 16;        // running at once
  int64_t max_step_tokens = 512;     // token budget of a step, at least max_sequences
  int64_t cache_tokens = 0;          // of all sequences; 0: what one full context needs at once
};
void to_json(Json& json, const EngineConfig& config);
void from_json(const Json& json, EngineConfig& config);

struct Request {
  std::vector<int32_t> tokens;  // the prompt, at least one
  SamplingParams sampling;
};

enum class FinishReason { kStop, kLength, kCancelled };  // end token, stop string; limit; cancel()
std::string_view to_string(FinishReason reason);         // "stop", "length", "cancelled"

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  double queue_seconds = 0;        // from submit to the first step
  double prefill_seconds = 0;      // from the first step to the first token
  double decode_seconds = 0;       // from the first token to the last
};
void to_json(Json& json, const Usage& usage);
void from_json(const Json& json, Usage& usage);

struct Piece {
  std::string text;              // whole characters; may be empty
  std::vector<int32_t> tokens;   // drawn since the last piece; text may lag behind them
  std::optional<FinishReason> finish;  // set on the last piece
};

// One running request. Dropping it cancels it; its cache blocks are free within one step.
class Generation {
 public:
  virtual ~Generation() = default;  // may outlive the engine, which ends it as cancelled
  // Waits for the next piece; nothing after the last. Throws the request's error. One reader.
  virtual std::optional<Piece> next() = 0;
  virtual void cancel() = 0;
  virtual Usage usage() const = 0;
};

struct EngineStatus {
  int64_t running = 0;
  int64_t waiting = 0;
  int64_t cache_blocks_used = 0;
  int64_t cache_blocks_total = 0;
  uint64_t steps = 0;
};
void to_json(Json& json, const EngineStatus& status);
void from_json(const Json& json, EngineStatus& status);

struct OpenProgress {
  std::string_view stage;  // "download", "reading", "weights", ...
  int64_t done = 0;        // bytes
  int64_t total = 0;
};

class Engine {
 public:
  // Plans memory, then loads. Throws kResourceExhausted with the plan and the nearest setting that
  // fits; kNotFound, kInvalidFormat, kUnsupported as the files deserve.
  static std::unique_ptr<Engine> open(
      const EngineConfig& config, std::stop_token stop = {},
      const std::function<void(const OpenProgress&)>& progress = {});
  virtual ~Engine() = default;

  // Throws kInvalidArgument for bad sampling parameters, an empty prompt, or one longer than the
  // context, saying both lengths.
  virtual std::unique_ptr<Generation> submit(Request request) = 0;

  // The prompt as text, special tokens in it not parsed, with the model's default sampling.
  virtual Request text_request(std::string_view text) const = 0;
  // The messages through the model's chat template, up to where the answer begins. `extra` is
  // merged into the template's context (tools, documents, ...). Special tokens count only where
  // the template itself writes them: one spelled out in a message is plain text. Throws
  // kUnsupported for a model without a chat template.
  virtual Request chat_request(const OrderedJson& messages,
                               const OrderedJson& extra = OrderedJson::object()) const = 0;
  virtual bool has_chat_template() const = 0;

  // Throws kUnsupported for a model without a tokenizer.json; so do text_ and chat_request.
  virtual const Tokenizer& tokenizer() const = 0;
  virtual const ModelInfo& model_info() const = 0;
  virtual const MemoryPlan& memory_plan() const = 0;
  virtual ComputeBackend& backend() = 0;
  virtual EngineStatus status() const = 0;
  // What was odd about the model when it was opened, one sentence each: tensors that it does not
  // use and, with backend.enable_debug, weights that hold NaN or infinity.
  virtual const std::vector<std::string>& warnings() const = 0;
  // Probes what the device can do at most, for the dtype of the weights; about half a second.
  // Only while no request runs.
  virtual MachineLimits measure_limits() = 0;
};

}  // namespace ferrum
