#include "ferrum/models/model.h"

#include <algorithm>

#include "models/decoder_config.h"

namespace ferrum {

void to_json(Json& json, const ModelInfo& info) {
  json = {{"architecture", info.architecture},
          {"family", info.family},
          {"vocab_size", info.vocab_size},
          {"hidden_size", info.hidden_size},
          {"intermediate_size", info.intermediate_size},
          {"layers", info.layers},
          {"heads", info.heads},
          {"kv_heads", info.kv_heads},
          {"head_dim", info.head_dim},
          {"max_positions", info.max_positions},
          {"sliding_window", info.sliding_window},
          {"parameters", info.parameters},
          {"lookup_parameters", info.lookup_parameters}};
}

void from_json(const Json& json, ModelInfo& info) {
  JsonReader reader(json, "model info");
  reader.read("architecture", info.architecture);
  reader.read("family", info.family);
  reader.read("vocab_size", info.vocab_size);
  reader.read("hidden_size", info.hidden_size);
  reader.read("intermediate_size", info.intermediate_size);
  reader.read("layers", info.layers);
  reader.read("heads", info.heads);
  reader.read("kv_heads", info.kv_heads);
  reader.read("head_dim", info.head_dim);
  reader.read("max_positions", info.max_positions);
  reader.read("sliding_window", info.sliding_window);
  reader.read("parameters", info.parameters);
  reader.read("lookup_parameters", info.lookup_parameters);
  reader.finish();
}

std::unique_ptr<ModelSpec> parse_model_config(const ModelFamilyCatalog& catalog,
                                              const Json& config) {
  const std::string architecture = architecture_of(config);
  std::string known;
  for (const auto& entry : catalog.entries()) {
    const auto& names = entry.part.architectures;
    if (std::find(names.begin(), names.end(), architecture) != names.end()) {
      return entry.part.parse(config);
    }
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  }
  throw Error(ErrorCode::kUnsupported,
              "config.json: models of the architecture \"" + architecture + "\"",
              "known architectures: " + known);
}

}  // namespace ferrum
