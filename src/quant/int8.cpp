// int8 {symmetric = true}: as compressed-tensors' format "int-quantized".

#include "ferrum/quant/quantization_catalog.h"
#include "quant/scaled_scheme.h"

namespace ferrum {
namespace {

std::unique_ptr<QuantizationScheme> bind_int8(const Json& parameters) {
  bool symmetric = true;
  JsonReader reader(parameters, "int8");
  reader.read("symmetric", symmetric);
  reader.finish();
  const CodeFormat format{.dtype = DataType::kI8,
                          .low = -128,
                          .high = 127,
                          .checkpoint_format = "int-quantized",
                          .quantises_activations = true};
  return std::make_unique<ScaledScheme>(QuantizationConfig::int8(symmetric), format,
                                        ScaledScheme::kWholeRow, symmetric);
}

}  // namespace

void register_int8(QuantizationCatalog& catalog) {
  catalog.add("int8", {"8-bit integers, a scale per row; makes and decodes", bind_int8});
}

}  // namespace ferrum
