#include "ferrum/quant/quantization_catalog.h"

namespace ferrum {
namespace {

std::string method_of(const Json& quantization) {
  if (!quantization.is_object()) return "unnamed";
  const auto it = quantization.find("quant_method");
  return it != quantization.end() && it->is_string() ? it->get<std::string>() : "unnamed";
}

template <class Entries>
std::string names_of(const Entries& entries) {
  std::string names;
  for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return names.empty() ? "none" : names;
}

}  // namespace

void refuse_quantized(const Json& config, const QuantizationCatalog& catalog) {
  const auto it = config.find("quantization_config");
  if (it == config.end() || it->is_null()) return;
  const std::string method = method_of(*it);
  if (catalog.find(method)) return;
  std::string reason = "which is not known here";
  std::string remedy = "use the model's f32, f16 or bf16 checkpoint";
  for (const MissingPart& part : catalog.missing()) {
    if (part.name != method) continue;
    reason = "which this build lacks: " + part.reason;
    remedy = part.remedy;
  }
  throw Error(ErrorCode::kUnsupported,
              "config.json: the weights are quantised by the method \"" + method + "\", " + reason +
                  " (methods of this build: " + names_of(catalog.entries()) +
                  "; known but missing: " + names_of(catalog.missing()) + ")",
              remedy);
}

}  // namespace ferrum
