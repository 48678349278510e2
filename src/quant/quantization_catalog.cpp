#include "ferrum/quant/quantization_catalog.h"

namespace ferrum {
namespace {

std::string text_of(const Json& quantization, const char* key) {
  if (!quantization.is_object()) return "unnamed";
  const auto it = quantization.find(key);
  return it != quantization.end() && it->is_string() ? it->get<std::string>() : "unnamed";
}

template <class Entries>
std::string names_of(const Entries& entries) {
  std::string names;
  for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return names.empty() ? "none" : names;
}

// The kind of ours that has the layout of a checkpoint's weights; empty for none.
std::string kind_of(const Json& quantization) {
  if (text_of(quantization, "quant_method") != "compressed-tensors") return "";
  const std::string format = text_of(quantization, "format");
  if (format == "int-quantized") return "int8";
  if (format == "pack-quantized") return "int4";
  return format == "float-quantized" ? "fp8" : "";
}

}  // namespace

std::unique_ptr<QuantizationScheme> bind_quantization(const QuantizationCatalog& catalog,
                                                      const QuantizationConfig& config) {
  return catalog.get(config.kind).bind(config.parameters);
}

void refuse_quantized(const Json& config, const QuantizationCatalog& catalog) {
  const auto it = config.find("quantization_config");
  if (it == config.end() || it->is_null()) return;
  const std::string method = text_of(*it, "quant_method");
  std::string reason = "which is not known here";
  if (const std::string kind = kind_of(*it); catalog.find(kind)) {
    reason = "which this build makes and decodes (" + kind + ") but no backend computes with yet";
  }
  for (const MissingPart& part : catalog.missing()) {
    if (part.name == method) reason = "which this build lacks: " + part.reason;
  }
  throw Error(ErrorCode::kUnsupported,
              "config.json: the weights are quantised by the method \"" + method + "\", " + reason +
                  " (known: " + names_of(catalog.entries()) + "; known but missing: " +
                  names_of(catalog.missing()) + ")",
              "use the model's f32, f16 or bf16 checkpoint");
}

}  // namespace ferrum
