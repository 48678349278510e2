// quantize {config}: by any kind of the quantisation axis.

#include "ferrum/quant/quantization_catalog.h"
#include "ferrum/weights/transform_part.h"

namespace ferrum {

void register_quantize(TransformCatalog& catalog) {
  auto kinds = std::make_shared<QuantizationCatalog>("quantisation");
  register_quantizations(*kinds);
  const auto bind = [kinds](const Json& parameters, DataType dtype, const Shape& shape) {
    QuantizationConfig config;
    JsonReader reader(parameters, "quantize");
    reader.require("config", config);
    reader.finish();
    std::shared_ptr<const QuantizationScheme> scheme = bind_quantization(*kinds, config);
    scheme->layout(dtype, shape);  // throws what it cannot do
    return TransformStep{
        .dtype = dtype, .shape = shape, .arrange = {}, .convert = {}, .quantize = scheme};
  };
  catalog.add("quantize", {"codes of fewer bits with their scales", bind});
}

}  // namespace ferrum
