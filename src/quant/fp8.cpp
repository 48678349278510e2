// fp8 {format = "e4m3"}: as compressed-tensors' format "float-quantized", which has E4M3 alone.

#include "ferrum/quant/quantization_catalog.h"
#include "quant/scaled_scheme.h"

namespace ferrum {
namespace {

std::unique_ptr<QuantizationScheme> bind_fp8(const Json& parameters) {
  std::string name = "e4m3";
  JsonReader reader(parameters, "fp8");
  reader.read("format", name);
  reader.finish();
  const bool e4m3 = name == "e4m3";
  if (!e4m3 && name != "e5m2") {
    throw Error(ErrorCode::kInvalidArgument, "fp8.format is \"" + name + "\"",
                "choose \"e4m3\" or \"e5m2\"");
  }
  CodeFormat format{.dtype = DataType::kF8E5M2, .low = -57344, .high = 57344};
  if (e4m3) {
    format = {.dtype = DataType::kF8E4M3,
              .low = -448,
              .high = 448,
              .checkpoint_format = "float-quantized",
              .quantises_activations = true};
  }
  return std::make_unique<ScaledScheme>(QuantizationConfig::fp8(e4m3), format,
                                        ScaledScheme::kWholeRow, true);
}

}  // namespace

void register_fp8(QuantizationCatalog& catalog) {
  catalog.add("fp8", {"8-bit floats, a scale per row; makes and decodes", bind_fp8});
}

}  // namespace ferrum
