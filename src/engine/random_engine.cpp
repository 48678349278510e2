#include "ferrum/engine/random_engine.h"

#include <array>

#include "engine/model_source.h"

namespace ferrum {
namespace {

struct NamedShape {
  std::string_view name;
  std::string_view config;  // as config.json has it
};

constexpr std::array<NamedShape, 5> kShapes{{
    {"tiny", R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 64,
        "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5})"},
    {"tinyllama-1.1b", R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 32000,
        "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
        "num_attention_heads": 32, "num_key_value_heads": 4, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5})"},
    {"llama-3.2-1b", R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 128256,
        "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
        "tie_word_embeddings": true,
        "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})"},
    {"llama-3.1-8b", R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 128256,
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})"},
    {"mistral-7b", R"({"architectures": ["MistralForCausalLM"], "vocab_size": 32000,
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8,
        "max_position_embeddings": 32768, "sliding_window": 4096, "rms_norm_eps": 1e-5})"},
}};

Json find_shape(std::string_view name) {
  std::string known;
  for (const NamedShape& shape : kShapes) {
    if (shape.name == name) return parse_json(shape.config, "shape " + std::string(name));
    known += (known.empty() ? "" : ", ") + std::string(shape.name);
  }
  throw Error(ErrorCode::kNotFound, "unknown shape '" + std::string(name) + "'",
              "known: " + known);
}

class RandomModelSource final : public ModelSource {
 public:
  RandomModelSource(Json config, DataType dtype, TensorFactory& factory)
      : config_(std::move(config)), dtype_(dtype), factory_(factory) {}

  std::unique_ptr<ModelSpec> parse_config(const ModelFamilyCatalog& families) const override {
    return parse_model_config(families, config_);
  }
  ModelText open_text() const override {
    ModelText text;
    text.sampling.temperature = 0;
    return text;
  }
  void prepare(const std::vector<WeightDeclaration>& weights) override {
    for (const WeightDeclaration& weight : weights) elements_ += weight.shape.numel();
  }
  DataType dtype() const override { return dtype_; }
  int64_t weight_bytes(std::optional<DataType> cast) const override {
    return bytes_of(cast.value_or(dtype_), elements_);
  }
  WeightLookup lookup(const Device& device, std::stop_token stop,
                      const OpenProgressCallback& progress) override {
    return [this, device, stop, progress, seed = uint64_t{0},
            done = int64_t{0}](const WeightDeclaration& weight) mutable {
      if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "opening was stopped");
      // Vectors are norms; matrices keep activations near the size of their inputs.
      Tensor tensor = weight.shape.rank() == 1
                          ? factory_.ones(weight.shape, dtype_, device)
                          : factory_.normal(weight.shape, dtype_, device, 0, 0.02f, ++seed);
      done += tensor.size_bytes();
      if (progress) progress({"random weights", done, weight_bytes(std::nullopt)});
      return tensor;
    };
  }
  std::vector<std::string> warnings() const override { return {}; }

 private:
  Json config_;
  DataType dtype_;
  TensorFactory& factory_;
  int64_t elements_ = 0;
};

}  // namespace

std::vector<std::string> random_shapes() {
  std::vector<std::string> names;
  for (const NamedShape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

std::unique_ptr<Engine> open_random_engine(
    std::string_view shape, const EngineConfig& config, std::stop_token stop,
    const std::function<void(const OpenProgress&)>& progress) {
  const Json model_config = find_shape(shape);
  const DataType dtype = config.dtype.value_or(DataType::kBF16);
  return create_engine(
      config,
      [&](const Parts&, ComputeBackend& backend) {
        return std::make_unique<RandomModelSource>(model_config, dtype, backend.tensor_factory());
      },
      std::move(stop), progress);
}

}  // namespace ferrum
