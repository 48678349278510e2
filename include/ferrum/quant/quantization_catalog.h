#pragma once
// The axis of quantisations: ways in which weights are stored in fewer bits, by the name that a
// checkpoint's quantization_config gives them ("gptq", "awq", "int8", ...).
//
// A kind that this build lacks is in the catalog too, with the reason and the remedy: opening a
// checkpoint of that kind says so instead of computing with bits it does not understand.

#include <string>

#include "ferrum/types/catalog.h"
#include "ferrum/types/json.h"

namespace ferrum {

struct QuantizationPart {
  std::string description;  // one line
};

using QuantizationCatalog = Catalog<QuantizationPart>;

void register_quantizations(QuantizationCatalog& catalog);

// Throws kUnsupported for a config.json whose "quantization_config" names a method that this build
// lacks, with the methods that it has and those that are known but missing.
void refuse_quantized(const Json& config, const QuantizationCatalog& catalog);

}  // namespace ferrum
