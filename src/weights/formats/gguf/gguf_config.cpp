#include "weights/formats/gguf/gguf_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "ferrum/types/error.h"
#include "weights/formats/gguf/gguf_architecture.h"

namespace ferrum {
namespace {

constexpr const char* kRopeFactors = "rope_freqs.weight";

// By how much each frequency is divided, one factor for each pair of a head's elements: how
// converters write the scaling of Llama 3.1. In transformers' words, LongRoPE with one list.
Json rope_factors(const GgufFile& file, const GgufFile::Entry& entry, int64_t head_dim) {
  const GgufTensor& tensor = entry.tensor;
  if (tensor.dtype != DataType::kF32 || tensor.shape.numel() != head_dim / 2) {
    throw Error(ErrorCode::kInvalidFormat,
                file.name + ": " + kRopeFactors + " of shape " + to_string(tensor.shape) +
                    " must be " + std::to_string(head_dim / 2) + " numbers of f32");
  }
  Json factors = Json::array();
  decode_gguf(entry, 0, head_dim / 2, [&](std::span<const std::byte> bytes) {
    for (; !bytes.empty(); bytes = bytes.subspan(sizeof(float))) {
      float factor;
      std::memcpy(&factor, bytes.data(), sizeof(float));
      factors.push_back(factor);
    }
  });
  return {{"rope_type", "longrope"},
          {"short_factor", factors},
          {"long_factor", factors},
          {"attention_factor", 1.0}};
}

Json yarn_scaling(const GgufArchitecture& model) {
  if (model.number_or("rope.scaling.yarn_log_multiplier", 0) != 0) {
    model.refuse("a model with rope.scaling.yarn_log_multiplier");
  }
  const double factor = model.number_or("rope.scaling.factor", 1);
  Json scaling{{"rope_type", "yarn"},
               {"factor", factor},
               {"beta_fast", model.number_or("rope.scaling.yarn_beta_fast", 32)},
               {"beta_slow", model.number_or("rope.scaling.yarn_beta_slow", 1)}};
  if (model.contains("rope.scaling.original_context_length")) {
    scaling["original_max_position_embeddings"] =
        model.size("rope.scaling.original_context_length");
  }
  const double attention = model.number_or("rope.scaling.attn_factor", 1);
  if (attention != 1) scaling["attention_factor"] = attention * (0.1 * std::log(factor) + 1);
  return scaling;
}

Json rope_scaling(const GgufFile& file, const GgufArchitecture& model, int64_t head_dim) {
  const auto factors = file.tensors.find(kRopeFactors);
  const bool listed = factors != file.tensors.end();
  const std::string type = model.text_or("rope.scaling.type", "none");
  if (type == "none") {
    return listed ? rope_factors(file, factors->second, head_dim) : Json();
  }
  if (listed) model.refuse("both " + std::string(kRopeFactors) + " and RoPE scaling " + type);
  if (type == "linear") {
    return {{"rope_type", "linear"}, {"factor", model.number_or("rope.scaling.factor", 1)}};
  }
  if (type == "yarn") return yarn_scaling(model);
  model.refuse("RoPE scaling of type \"" + type + "\"");
}

int64_t head_dim_of(const GgufArchitecture& model, int64_t hidden, int64_t heads) {
  if (hidden % heads != 0 && !model.contains("attention.key_length")) {
    model.fail("attention.key_length", "is required where heads do not divide the width");
  }
  const int64_t dim = model.size_or("attention.key_length", hidden / heads);
  if (model.size_or("attention.value_length", dim) != dim) {
    model.refuse("heads whose keys and values differ in length");
  }
  if (model.size_or("rope.dimension_count", dim) != dim) {
    model.refuse("heads that RoPE turns in part");
  }
  return dim;
}

// An id that the file names; -1 for none.
int64_t token_id(const GgufFile& file, const std::string& name) {
  const Json* id = file.values.find("tokenizer.ggml." + name + "_token_id");
  if (!id) return -1;
  if (!id->is_number_integer()) {
    throw Error(ErrorCode::kInvalidFormat,
                file.name + ": tokenizer.ggml." + name + "_token_id is " + id->dump());
  }
  return id->get<int64_t>();
}

}  // namespace

Json gguf_config(const GgufFile& file) {
  const GgufArchitecture model(file.values, file.name);
  const Json* experts = model.find("expert_count");
  if (experts && *experts != 0) model.refuse("a mixture of experts");
  const auto embedding = file.tensors.find("token_embd.weight");
  if (embedding == file.tensors.end() || embedding->second.tensor.shape.rank() != 2) {
    throw Error(ErrorCode::kInvalidFormat, file.name + " has no table token_embd.weight",
                "it may hold a vocabulary alone, or be a later part of a model");
  }
  const int64_t hidden = model.size("embedding_length");
  const int64_t heads = model.size("attention.head_count");
  const int64_t head_dim = head_dim_of(model, hidden, heads);
  Json config{
      {"architectures", {"LlamaForCausalLM"}},
      {"model_type", "llama"},
      {"hidden_act", "silu"},
      {"vocab_size", embedding->second.tensor.shape[0]},
      {"hidden_size", hidden},
      {"intermediate_size", model.size("feed_forward_length")},
      {"num_hidden_layers", model.size("block_count")},
      {"num_attention_heads", heads},
      {"num_key_value_heads", model.size_or("attention.head_count_kv", heads)},
      {"head_dim", head_dim},
      {"max_position_embeddings", model.size("context_length")},
      {"rms_norm_eps", model.number_or("attention.layer_norm_rms_epsilon", 1e-5)},
      {"rope_theta", model.number_or("rope.freq_base", 10000)},
      {"rope_scaling", rope_scaling(file, model, head_dim)},
      {"attention_bias", file.tensors.contains("blk.0.attn_q.bias")},
      {"mlp_bias", file.tensors.contains("blk.0.ffn_gate.bias")},
      {"tie_word_embeddings", !file.tensors.contains("output.weight")},
  };
  if (const int64_t bos = token_id(file, "bos"); bos >= 0) config["bos_token_id"] = bos;
  if (const int64_t eos = token_id(file, "eos"); eos >= 0) config["eos_token_id"] = eos;
  return config;
}

Json gguf_generation_config(const GgufFile& file) {
  Json config = Json::object();
  Json ends = Json::array();
  for (const char* name : {"eos", "eot", "eom"}) {
    const int64_t id = token_id(file, name);
    if (id >= 0 && std::find(ends.begin(), ends.end(), Json(id)) == ends.end()) ends.push_back(id);
  }
  if (!ends.empty()) config["eos_token_id"] = ends;
  constexpr std::array<std::pair<const char*, const char*>, 5> kSampling{{
      {"temp", "temperature"},
      {"top_k", "top_k"},
      {"top_p", "top_p"},
      {"min_p", "min_p"},
      {"penalty_repeat", "repetition_penalty"},
  }};
  for (const auto& [gguf, transformers] : kSampling) {
    const Json* value = file.values.find(std::string("general.sampling.") + gguf);
    if (!value) continue;
    config[transformers] = *value;
    config["do_sample"] = true;
  }
  return config;
}

}  // namespace ferrum
