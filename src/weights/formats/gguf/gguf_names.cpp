#include "weights/formats/gguf/gguf_names.h"

#include <array>
#include <utility>

#include "ferrum/types/error.h"
#include "weights/formats/gguf/gguf_architecture.h"

namespace ferrum {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kModelNames{
    Pair{"token_embd", "model.embed_tokens"},
    Pair{"output_norm", "model.norm"},
    Pair{"output", "lm_head"},
};

constexpr std::array kLayerNames{
    Pair{"attn_norm", "input_layernorm"},
    Pair{"attn_q", "self_attn.q_proj"},
    Pair{"attn_k", "self_attn.k_proj"},
    Pair{"attn_v", "self_attn.v_proj"},
    Pair{"attn_output", "self_attn.o_proj"},
    Pair{"attn_rot_embd", "self_attn.rotary_emb"},
    Pair{"ffn_norm", "post_attention_layernorm"},
    Pair{"ffn_gate", "mlp.gate_proj"},
    Pair{"ffn_up", "mlp.up_proj"},
    Pair{"ffn_down", "mlp.down_proj"},
};

template <class Names>
std::optional<std::string> find_in(const Names& names, std::string_view name) {
  for (const auto& [gguf, transformers] : names) {
    if (gguf == name) return std::string(transformers);
  }
  return std::nullopt;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

GgufNames::GgufNames(const GgufValues& values, const std::string& file) {
  const GgufArchitecture architecture(values, file);
  heads_ = architecture.size("attention.head_count");
  kv_heads_ = architecture.size_or("attention.head_count_kv", heads_);
}

std::optional<TransformersTensor> GgufNames::find(std::string_view name) const {
  if (name == "rope_freqs.weight") return std::nullopt;
  const TransformersTensor unknown{std::string(name)};
  const size_t last = name.rfind('.');
  if (last == name.npos) return unknown;
  const std::string kind(name.substr(last));  // ".weight", ".bias"
  const std::string_view stem = name.substr(0, last);
  if (const auto known = find_in(kModelNames, stem)) return TransformersTensor{*known + kind};
  const size_t dot = stem.find('.', 4);
  if (!stem.starts_with("blk.") || dot == stem.npos) return unknown;
  const std::string_view layer = stem.substr(4, dot - 4), part = stem.substr(dot + 1);
  const auto known = find_in(kLayerNames, part);
  if (!known || !is_number(layer)) return unknown;
  const int64_t heads = part == "attn_q" ? heads_ : part == "attn_k" ? kv_heads_ : 0;
  return TransformersTensor{"model.layers." + std::string(layer) + "." + *known + kind, heads};
}

}  // namespace ferrum
