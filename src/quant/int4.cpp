// int4 {group_size = 128, symmetric = true}: as compressed-tensors' format "pack-quantized".

#include "ferrum/quant/quantization_catalog.h"
#include "quant/scaled_scheme.h"

namespace ferrum {
namespace {

std::unique_ptr<QuantizationScheme> bind_int4(const Json& parameters) {
  int64_t group_size = 128;
  bool symmetric = true;
  JsonReader reader(parameters, "int4");
  reader.read("group_size", group_size);
  reader.read("symmetric", symmetric);
  reader.finish();
  const CodeFormat format{
      .dtype = DataType::kI4, .low = -8, .high = 7, .checkpoint_format = "pack-quantized"};
  return std::make_unique<ScaledScheme>(QuantizationConfig::int4(group_size, symmetric), format,
                                        group_size, symmetric);
}

}  // namespace

void register_int4(QuantizationCatalog& catalog) {
  catalog.add("int4", {"4-bit integers, a scale per group of columns; makes and decodes",
                       bind_int4});
}

}  // namespace ferrum
