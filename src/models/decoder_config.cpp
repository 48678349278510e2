#include "models/decoder_config.h"

#include <algorithm>

#include "ferrum/types/checked.h"

namespace ferrum {

std::string architecture_of(const Json& config) {
  const ConfigReader reader(config);
  const Json* names = reader.find("architectures");
  if (!names || !names->is_array() || names->empty() || !names->front().is_string()) {
    reader.fail("architectures", "must be a list with the name of the model's architecture");
  }
  return names->front().get<std::string>();
}

ModelInfo parse_decoder_sizes(const ConfigReader& config) {
  ModelInfo info;
  info.vocab_size = config.size("vocab_size");
  info.hidden_size = config.size("hidden_size");
  info.intermediate_size = config.size("intermediate_size");
  info.layers = config.size("num_hidden_layers");
  info.heads = config.size("num_attention_heads");
  info.kv_heads = config.size_or("num_key_value_heads", info.heads);
  constexpr int64_t kMaxLayers = 1024;
  if (info.layers > kMaxLayers) config.fail("num_hidden_layers", "must be at most 1024");
  if (config.find("head_dim")) {
    info.head_dim = config.size("head_dim");
  } else if (info.hidden_size % info.heads == 0) {
    info.head_dim = info.hidden_size / info.heads;
  } else {
    config.fail("head_dim", "is required where hidden_size is not a multiple of "
                            "num_attention_heads");
  }
  constexpr int64_t kMaxWidth = 1 << 24;
  for (const char* key : {"hidden_size", "intermediate_size", "num_attention_heads", "head_dim"}) {
    if (config.size_or(key, 1) > kMaxWidth) config.fail(key, "must be at most 2^24");
  }
  return info;
}

void require_grouped_heads(const ConfigReader& config, const ModelInfo& info) {
  if (info.heads % info.kv_heads != 0) {
    config.fail("num_attention_heads", "(" + std::to_string(info.heads) +
                                           ") must be a multiple of num_key_value_heads (" +
                                           std::to_string(info.kv_heads) + ")");
  }
}

void require_activation(const ConfigReader& config,
                        std::initializer_list<std::string_view> known) {
  const std::string name = config.text_or("hidden_act", *known.begin());
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  std::string list;
  for (const std::string_view each : known) list += (list.empty() ? "" : ", ") + std::string(each);
  throw Error(ErrorCode::kUnsupported, "config.json: \"hidden_act\" is \"" + name + "\"",
              "supported: " + list);
}

int64_t count_parameters(const std::vector<WeightDeclaration>& weights) {
  int64_t total = 0;
  for (const WeightDeclaration& weight : weights) {
    const auto sum = checked_add(total, weight.shape.numel());
    if (!sum) {
      throw Error(ErrorCode::kInvalidFormat, "config.json: the model has over 2^63 weights");
    }
    total = *sum;
  }
  return total;
}

}  // namespace ferrum
