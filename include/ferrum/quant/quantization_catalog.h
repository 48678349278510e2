#pragma once
// The axis of quantisations: ways in which weights are stored in fewer bits, by the kind that a
// QuantizationConfig names.
//
// A kind that this build lacks is in the catalog too, with the reason and the remedy: asking for it
// says so instead of computing with bits it does not understand.

#include <functional>
#include <memory>
#include <string>

#include "ferrum/quant/quantization_scheme.h"
#include "ferrum/types/catalog.h"
#include "ferrum/types/json.h"

namespace ferrum {

struct QuantizationPart {
  std::string description;  // one line
  // Throws kInvalidArgument for parameters that make no sense.
  std::function<std::unique_ptr<QuantizationScheme>(const Json& parameters)> bind;
};

using QuantizationCatalog = Catalog<QuantizationPart>;

void register_quantizations(QuantizationCatalog& catalog);

// Throws as the catalog and the part do.
std::unique_ptr<QuantizationScheme> bind_quantization(const QuantizationCatalog& catalog,
                                                      const QuantizationConfig& config);

// Throws kUnsupported for a config.json with a "quantization_config": no backend computes with
// quantised weights yet. Says whether this build can make and decode such weights all the same.
void refuse_quantized(const Json& config, const QuantizationCatalog& catalog);

}  // namespace ferrum
