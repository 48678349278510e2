#pragma once
// What the config.json of every decoder-only model says in the same words.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/models/model.h"
#include "models/config_reader.h"

namespace ferrum {

// The first of "architectures". Throws kInvalidFormat when there is none.
std::string architecture_of(const Json& config);

// Vocabulary, widths, layers and heads; bounded, so that all products of two fit in int64_t.
ModelInfo parse_decoder_sizes(const ConfigReader& config);

// Query heads come in equal groups, one per key-value head.
void require_grouped_heads(const ConfigReader& config, const ModelInfo& info);

// Throws kUnsupported naming "hidden_act" unless it is one of `known`; the first is the default.
void require_activation(const ConfigReader& config, std::initializer_list<std::string_view> known);

int64_t count_parameters(const std::vector<WeightDeclaration>& weights);

}  // namespace ferrum
