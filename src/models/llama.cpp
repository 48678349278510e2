// Llama (Touvron et al., 2023, arXiv:2302.13971 and 2307.09288; Llama 3, 2024, arXiv:2407.21783)
// and Mistral (Jiang et al., 2023, arXiv:2310.06825).
//
//   x = embed(tokens)
//   for each layer:  x += attention(norm(x));  x += mlp(norm(x))
//   logits = lm_head(norm(x))
//
// Every addition is fused with the norm that follows it. `residual` is the running sum x; it stays
// f32 even where activations are bf16.

#include <memory>
#include <string>
#include <vector>

#include "ferrum/models/model.h"
#include "ferrum/tensor/composed_ops.h"
#include "models/blocks/attention.h"
#include "models/blocks/gated_mlp.h"
#include "models/blocks/rms_norm.h"
#include "models/blocks/rope.h"
#include "models/blocks/workspace.h"
#include "models/decoder_config.h"

namespace ferrum {
namespace {

struct LlamaConfig {
  ModelInfo info;
  RopeConfig rope;
  float rms_norm_eps = 1e-6f;
  bool tie_word_embeddings = false;
  bool attention_bias = false;
  bool mlp_bias = false;
};

struct DecoderLayer {
  RmsNorm input_norm;
  Attention attention;
  RmsNorm post_attention_norm;
  GatedMlp mlp;

  DecoderLayer(KernelOps& ops, const WeightSet& weights, const LlamaConfig& config)
      : input_norm(*ops.norm(), weights.get("input_layernorm.weight"), config.rms_norm_eps),
        attention(ops, weights.at("self_attn."), config.info),
        post_attention_norm(*ops.norm(), weights.get("post_attention_layernorm.weight"),
                            config.rms_norm_eps),
        mlp(ops, weights.at("mlp.")) {}
};

struct Scratch {
  Tensor residual, x, y;         // [tokens, hidden]
  Tensor q, k, v, attended;      // [tokens, heads or kv_heads, head_dim]
  Tensor gate, up;               // [tokens, intermediate]
  Tensor kept_residual;          // [rows, hidden]
  Tensor kept_attended;          // [rows, heads * head_dim]
};

std::vector<WorkspaceSlice<Scratch>> plan_scratch(const ModelInfo& m, const ModelOptions& options) {
  const int64_t tokens = options.max_step_tokens;
  const int64_t rows = options.max_logit_rows;
  const DataType dtype = options.activation_dtype;
  return {{&Scratch::residual, {tokens, m.hidden_size}, DataType::kF32},
          {&Scratch::x, {tokens, m.hidden_size}, dtype},
          {&Scratch::y, {tokens, m.hidden_size}, dtype},
          {&Scratch::q, {tokens, m.heads, m.head_dim}, dtype},
          {&Scratch::k, {tokens, m.kv_heads, m.head_dim}, dtype},
          {&Scratch::v, {tokens, m.kv_heads, m.head_dim}, dtype},
          {&Scratch::attended, {tokens, m.heads, m.head_dim}, dtype},
          {&Scratch::gate, {tokens, m.intermediate_size}, dtype},
          {&Scratch::up, {tokens, m.intermediate_size}, dtype},
          {&Scratch::kept_residual, {rows, m.hidden_size}, DataType::kF32},
          {&Scratch::kept_attended, {rows, m.heads * m.head_dim}, dtype}};
}

class LlamaModel final : public Model {
 public:
  LlamaModel(const LlamaConfig& config, const WeightSet& weights, ComputeBackend& backend,
             const ModelOptions& options)
      : info_(config.info),
        options_(options),
        tensor_ops_(backend.tensor_ops()),
        ops_(resolve_kernel_ops(backend.kernel_ops(), tensor_ops_, backend.tensor_factory())),
        rope_(config.rope, *ops_->position(), backend, options),
        scratch_(create_workspace(plan_scratch(info_, options), backend, options.device)),
        embed_tokens_(weights.get("model.embed_tokens.weight")),
        layers_(create_layers(config, weights)),
        norm_(*ops_->norm(), weights.get("model.norm.weight"), config.rms_norm_eps),
        lm_head_(*ops_->linear(),
                 config.tie_word_embeddings ? embed_tokens_ : weights.get("lm_head.weight"), {}) {}

  const ModelInfo& info() const override { return info_; }

  void forward(const StepBatch& batch, const Tensor& logits) override {
    const int64_t tokens = batch.token_ids.dim(0);
    const int64_t rows = batch.logit_rows.dim(0);
    check_limits(tokens, rows);

    const auto first = [tokens](const Tensor& t) { return t.narrow(0, 0, tokens); };
    Tensor residual = first(scratch_.residual), x = first(scratch_.x), y = first(scratch_.y);
    const Attention::Heads heads{first(scratch_.q), first(scratch_.k), first(scratch_.v),
                                 first(scratch_.attended)};
    Tensor attended = heads.attended;

    rope_.prepare(batch.items);
    tensor_ops_.gather_rows(embed_tokens_, batch.token_ids, residual);
    layers_.front().input_norm.forward(residual, x);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const DecoderLayer& layer = layers_[i];
      const bool last = i + 1 == layers_.size();

      layer.attention.project(x, rope_, batch, batch.kv[i], heads);
      if (last && rows == 0) return;  // the cache is written, and nobody asks for more
      layer.attention.attend(batch, batch.kv[i], heads);
      if (last && rows < tokens) {
        keep_rows(batch.logit_rows, residual, attended);
        x = x.narrow(0, 0, rows);
        y = y.narrow(0, 0, rows);
      }
      layer.attention.output(attended, y);

      layer.post_attention_norm.add_forward(y, residual, x);
      const int64_t n = x.dim(0);
      layer.mlp.forward(x, {scratch_.gate.narrow(0, 0, n), scratch_.up.narrow(0, 0, n)}, y);

      const RmsNorm& next_norm = last ? norm_ : layers_[i + 1].input_norm;
      next_norm.add_forward(y, residual, x);
    }
    lm_head_.forward(x, logits);
  }

 private:
  std::vector<DecoderLayer> create_layers(const LlamaConfig& config, const WeightSet& weights) {
    std::vector<DecoderLayer> layers;
    layers.reserve(static_cast<size_t>(info_.layers));
    for (int64_t i = 0; i < info_.layers; ++i) {
      layers.emplace_back(*ops_, weights.at("model.layers." + std::to_string(i) + "."), config);
    }
    return layers;
  }

  // Goes on with the wanted tokens alone: after the last attention no token needs another.
  void keep_rows(const Tensor& logit_rows, Tensor& residual, Tensor& attended) {
    const int64_t rows = logit_rows.dim(0);
    const Tensor kept_residual = scratch_.kept_residual.narrow(0, 0, rows);
    const Tensor kept_attended = scratch_.kept_attended.narrow(0, 0, rows);
    const int64_t width = info_.heads * info_.head_dim;
    tensor_ops_.gather_rows(residual, logit_rows, kept_residual);
    tensor_ops_.gather_rows(attended.reshape({attended.dim(0), width}), logit_rows, kept_attended);
    residual = kept_residual;
    attended = kept_attended.reshape({rows, info_.heads, info_.head_dim});
  }

  void check_limits(int64_t tokens, int64_t rows) const {
    if (tokens > options_.max_step_tokens || rows > options_.max_logit_rows) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a step of " + std::to_string(tokens) + " tokens and " + std::to_string(rows) +
                      " rows of logits for a model made for " +
                      std::to_string(options_.max_step_tokens) + " and " +
                      std::to_string(options_.max_logit_rows));
    }
  }

  ModelInfo info_;
  ModelOptions options_;
  TensorOps& tensor_ops_;
  std::unique_ptr<KernelOps> ops_;
  RotaryEmbedding rope_;
  Scratch scratch_;
  Tensor embed_tokens_;  // [vocab, hidden]
  std::vector<DecoderLayer> layers_;
  RmsNorm norm_;
  Linear lm_head_;
};

std::vector<WeightDeclaration> declare_weights(const LlamaConfig& config) {
  const ModelInfo& m = config.info;
  const int64_t queries = m.heads * m.head_dim, keys = m.kv_heads * m.head_dim;
  std::vector<WeightDeclaration> weights;
  const auto norm = [&](const std::string& name) {
    weights.push_back({name + ".weight", {m.hidden_size}});
  };
  const auto linear = [&](const std::string& name, int64_t in, int64_t out, bool bias) {
    weights.push_back({name + ".weight", {out, in}});
    if (bias) weights.push_back({name + ".bias", {out}});
  };

  linear("model.embed_tokens", m.hidden_size, m.vocab_size, false);
  for (int64_t i = 0; i < m.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    norm(layer + "input_layernorm");
    linear(layer + "self_attn.q_proj", m.hidden_size, queries, config.attention_bias);
    linear(layer + "self_attn.k_proj", m.hidden_size, keys, config.attention_bias);
    linear(layer + "self_attn.v_proj", m.hidden_size, keys, config.attention_bias);
    linear(layer + "self_attn.o_proj", queries, m.hidden_size, config.attention_bias);
    norm(layer + "post_attention_layernorm");
    linear(layer + "mlp.gate_proj", m.hidden_size, m.intermediate_size, config.mlp_bias);
    linear(layer + "mlp.up_proj", m.hidden_size, m.intermediate_size, config.mlp_bias);
    linear(layer + "mlp.down_proj", m.intermediate_size, m.hidden_size, config.mlp_bias);
  }
  norm("model.norm");
  if (!config.tie_word_embeddings) linear("lm_head", m.hidden_size, m.vocab_size, false);
  return weights;
}

class LlamaSpec final : public ModelSpec {
 public:
  explicit LlamaSpec(LlamaConfig config)
      : config_(std::move(config)), weights_(declare_weights(config_)) {
    config_.info.parameters = count_parameters(weights_);
    const int64_t embedding = config_.info.vocab_size * config_.info.hidden_size;
    config_.info.lookup_parameters = config_.tie_word_embeddings ? 0 : embedding;
  }

  const ModelInfo& info() const override { return config_.info; }
  const std::vector<WeightDeclaration>& weights() const override { return weights_; }
  int64_t workspace_bytes(const ModelOptions& options) const override {
    return workspace_size_bytes(plan_scratch(config_.info, options)) +
           RotaryEmbedding::workspace_bytes(config_.rope, options);
  }
  std::unique_ptr<Model> create(const WeightLookup& weights, ComputeBackend& backend,
                                const ModelOptions& options) const override {
    return std::make_unique<LlamaModel>(config_, WeightSet(weights_, weights), backend, options);
  }

 private:
  LlamaConfig config_;
  std::vector<WeightDeclaration> weights_;
};

LlamaConfig parse_config(const Json& json) {
  const ConfigReader config(json);
  const std::string architecture = architecture_of(json);
  const bool mistral = architecture == "MistralForCausalLM";
  require_activation(config, {"silu", "swish"});

  LlamaConfig llama;
  llama.info = parse_decoder_sizes(config);
  ModelInfo& info = llama.info;
  info.architecture = architecture;
  info.family = "llama";
  if (mistral && !json.contains("num_key_value_heads")) info.kv_heads = 8;
  require_grouped_heads(config, info);
  const int64_t positions = config.size_or("max_position_embeddings", mistral ? 131072 : 2048);
  llama.rope = parse_rope(config, info.head_dim, positions);
  info.max_positions = rope_max_context(llama.rope);
  llama.rms_norm_eps = static_cast<float>(config.positive_or("rms_norm_eps", 1e-6));
  llama.tie_word_embeddings = config.flag_or("tie_word_embeddings", false);
  if (mistral) {
    // An absent window is the default of the first release; null switches it off.
    info.sliding_window =
        json.contains("sliding_window") ? config.size_or("sliding_window", 0) : 4096;
  } else {
    llama.attention_bias = config.flag_or("attention_bias", false);
    llama.mlp_bias = config.flag_or("mlp_bias", false);
  }
  return llama;
}

}  // namespace

void register_llama(ModelFamilyCatalog& catalog) {
  catalog.add("llama", {{"LlamaForCausalLM", "MistralForCausalLM"}, [](const Json& config) {
                return std::make_unique<LlamaSpec>(parse_config(config));
              }});
}

}  // namespace ferrum
