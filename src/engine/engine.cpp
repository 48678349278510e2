#include "ferrum/engine/engine.h"

#include <algorithm>

#include "engine/activation_dtype.h"
#include "engine/backend_choice.h"
#include "engine/embedded_model.h"
#include "engine/engine_loop.h"
#include "engine/file_model_source.h"
#include "engine/memory_planner.h"
#include "engine/model_source.h"
#include "ferrum/types/host_memory.h"

namespace ferrum {
namespace {

void check_config(const EngineConfig& config) {
  const auto require = [](bool legal, const std::string& message, const std::string& hint) {
    if (!legal) throw Error(ErrorCode::kInvalidArgument, message, hint);
  };
  const auto name = [](DataType dtype) { return std::string(to_string(dtype)); };
  require(!config.dtype || is_weight_dtype(*config.dtype),
          "weights cannot be held in " + name(config.dtype.value_or(DataType::kF32)),
          "dtype is f32, f16, bf16, or unset for the dtype of the files");
  const DataType activations = config.activation_dtype.value_or(DataType::kF32);
  require(activations == DataType::kF32 || activations == DataType::kBF16,
          "activations cannot be " + name(activations),
          "activation_dtype is f32, bf16, or unset for what suits weights and backend");
  require(config.max_context >= 0 && config.cache_tokens >= 0,
          "max_context is " + std::to_string(config.max_context) + " and cache_tokens " +
              std::to_string(config.cache_tokens),
          "give tokens, or 0 to have them chosen");
  require(config.max_sequences >= 1, "max_sequences is " + std::to_string(config.max_sequences),
          "it must be at least 1");
  require(config.max_step_tokens >= config.max_sequences,
          "a step of " + std::to_string(config.max_step_tokens) + " tokens has none for some of " +
              std::to_string(config.max_sequences) + " sequences",
          "max_step_tokens must be at least max_sequences");
}

class LocalEngine final : public Engine {
 public:
  LocalEngine(const EngineConfig& config, const ModelSourceFactory& make_source,
              std::stop_token stop, const OpenProgressCallback& progress)
      : parts_(create_parts()), config_(config), chosen_(choose_backend(parts_, config)) {
    source_ = make_source(parts_, backend());
    spec_ = source_->parse_config(parts_.models);
    text_ = source_->open_text();
    source_->prepare(spec_->weights());
    plan_ = plan();
    load(std::move(stop), progress);
  }

  std::unique_ptr<Generation> submit(Request request) override {
    request.sampling.validate(model_info().vocab_size);
    check_prompt(request.tokens);
    check_max_length(request);
    if (!request.sampling.stop.empty()) tokenizer();  // there is no text to stop in without one
    return loop_->submit(std::move(request));
  }

  Request text_request(std::string_view text) const override {
    return {tokenizer().encode(text, {.add_special_tokens = true, .parse_special = false}),
            text_.sampling};
  }

  Request chat_request(const OrderedJson& messages, const OrderedJson& extra) const override {
    tokenizer();
    if (!has_chat_template()) {
      throw Error(ErrorCode::kUnsupported, "the model has no chat template",
                  "give it a plain prompt: ferrum run --raw");
    }
    return {text_.chat->encode(messages, extra), text_.sampling};
  }

  bool has_chat_template() const override { return text_.chat != nullptr; }
  const Tokenizer& tokenizer() const override {
    if (!text_.tokenizer) {
      throw Error(ErrorCode::kUnsupported, "the model has no tokenizer.json",
                  "download the model's tokenizer.json beside its weights");
    }
    return *text_.tokenizer;
  }
  const ModelInfo& model_info() const override { return spec_->info(); }
  const MemoryPlan& memory_plan() const override { return plan_; }
  ComputeBackend& backend() override { return *chosen_.backend; }
  EngineStatus status() const override { return loop_->status(); }
  const std::vector<std::string>& warnings() const override { return warnings_; }
  MachineLimits measure_limits() override {
    return parts_.backends.get(chosen_.type).measure_limits(backend(), plan_.weight_dtype);
  }

 private:
  StepLimits step_limits(int64_t context) const {
    return {config_.max_step_tokens, config_.max_sequences, context, spec_->info().sliding_window};
  }

  ModelOptions model_options(DataType activations) const {
    return {chosen_.device, activations, config_.max_step_tokens, config_.max_sequences};
  }

  MemoryPlan plan() const {
    const int64_t free = chosen_.backend->memory_manager().memory_info(chosen_.device).free;
    const int64_t host = query_host_memory().available_bytes;
    const BackendCapabilities capabilities = chosen_.backend->capabilities();
    return plan_memory({
        .info = spec_->info(),
        .config = config_,
        .available_bytes = chosen_.device.is_cpu() ? std::min(free, host) : free,
        .weight_dtype = source_->dtype(),
        .activation_dtype =
            [&](DataType weights) {
              return choose_activation_dtype(config_.activation_dtype, weights, capabilities);
            },
        .weight_bytes = [this](auto cast) { return source_->weight_bytes(cast); },
        .workspace_bytes =
            [this](int64_t context, DataType activations) {
              return spec_->workspace_bytes(model_options(activations)) +
                     StepRunner::workspace_bytes(spec_->info(), step_limits(context));
            },
    });
  }

  void load(std::stop_token stop, const OpenProgressCallback& progress) {
    const StepLimits limits = step_limits(plan_.context_tokens);
    const Device& device = chosen_.device;
    model_ = spec_->create(source_->lookup(device, std::move(stop), progress), backend(),
                           model_options(plan_.activation_dtype));
    warnings_ = source_->warnings();
    warn_of_ids_outside_vocabulary();
    cache_ = std::make_unique<KvCache>(spec_->info(), plan_.activation_dtype, plan_.cache_tokens,
                                       device, backend().tensor_factory());
    runner_ = std::make_unique<StepRunner>(*model_, *cache_, backend(), device, limits);
    loop_ = std::make_unique<EngineLoop>(*runner_, cache_->blocks(), limits, text_.tokenizer.get(),
                                         text_.end_tokens);
  }

  void check_prompt(const std::vector<int32_t>& tokens) const {
    if (tokens.empty()) throw Error(ErrorCode::kInvalidArgument, "the prompt has no tokens");
    const auto length = static_cast<int64_t>(tokens.size());
    if (length >= plan_.context_tokens) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the prompt has " + std::to_string(length) +
                      " tokens; with an answer of at least one it does not fit the context of " +
                      std::to_string(plan_.context_tokens),
                  "shorten the prompt, or use a longer context");
    }
    for (const int32_t token : tokens) {
      if (token >= 0 && token < model_info().vocab_size) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  "token id " + std::to_string(token) + " is outside the model's vocabulary of " +
                      std::to_string(model_info().vocab_size));
    }
  }

  static void check_max_length(const Request& request) {
    const auto length = static_cast<int64_t>(request.tokens.size());
    const int64_t limit = request.sampling.max_length;
    if (request.sampling.max_tokens > 0 || limit == 0 || length < limit) return;
    throw Error(ErrorCode::kInvalidArgument,
                "the prompt has " + std::to_string(length) + " tokens; max_length allows " +
                    std::to_string(limit) + " of prompt and answer together",
                "shorten the prompt, or set the answer's max_tokens (ferrum run -n), which counts "
                "instead");
  }

  void warn_of_ids_outside_vocabulary() {
    const int64_t size = model_info().vocab_size;
    for (const int32_t token : text_.end_tokens) {
      if (token < size) continue;
      warnings_.push_back("the end token " + std::to_string(token) +
                          " is outside the model's vocabulary of " + std::to_string(size) +
                          ": no answer ends by it");
    }
    if (!text_.tokenizer || text_.tokenizer->vocab_size() <= size) return;
    warnings_.push_back("the tokenizer has ids up to " +
                        std::to_string(text_.tokenizer->vocab_size() - 1) +
                        ", the model's vocabulary ends at " + std::to_string(size - 1) +
                        ": prompts with ids above that are refused");
  }

  // In the order in which each builds on those before.
  const Parts parts_;
  const EngineConfig config_;
  const ChosenBackend chosen_;
  std::unique_ptr<ModelSource> source_;
  std::unique_ptr<ModelSpec> spec_;
  ModelText text_;
  MemoryPlan plan_;
  std::vector<std::string> warnings_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<StepRunner> runner_;
  std::unique_ptr<EngineLoop> loop_;
};

}  // namespace

bool is_weight_dtype(DataType dtype) {
  return dtype == DataType::kF32 || dtype == DataType::kF16 || dtype == DataType::kBF16;
}

std::unique_ptr<Engine> create_engine(const EngineConfig& config, const ModelSourceFactory& source,
                                      std::stop_token stop, const OpenProgressCallback& progress) {
  check_config(config);
  return std::make_unique<LocalEngine>(config, source, std::move(stop), progress);
}

std::unique_ptr<Engine> Engine::open(const EngineConfig& config, std::stop_token stop,
                                     const std::function<void(const OpenProgress&)>& progress) {
  return create_engine(
      config,
      [&](const Parts& parts, ComputeBackend& backend) {
        std::unique_ptr<ModelFiles> files =
            config.model.empty() ? open_embedded_files()
                                 : open_model(parts.weights, config.model, config.weights);
        return std::make_unique<FileModelSource>(std::move(files), parts, backend, config);
      },
      std::move(stop), progress);
}

}  // namespace ferrum
