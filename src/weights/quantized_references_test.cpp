// Weights that compressed-tensors quantised (tools/make_quantize_references.py).

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "ferrum/quant/quantization_catalog.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights";

std::string_view bytes_of_tensor(const Tensor& tensor) {
  EXPECT_TRUE(tensor.is_contiguous());
  return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
}

void expect_equal(const Tensor& actual, const Tensor& expected) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(to_string(actual.shape()), to_string(expected.shape()));
  const std::string_view a = bytes_of_tensor(actual), e = bytes_of_tensor(expected);
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(static_cast<uint8_t>(a[i]), static_cast<uint8_t>(e[i]))
        << "byte " << i << " of " << to_string(expected);
  }
}

class QuantizedReferences : public testing::Test {
 protected:
  QuantizedReferences() { register_quantizations(quantizations); }

  Tensor load(const std::string& name) {
    return loader->load_tensor({name, std::nullopt, std::nullopt, Device::cpu(), source, {}});
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
  WeightSource source = WeightSource::file(kFolder + "/quantized.safetensors");
  Json cases = Json::parse(std::ifstream(kFolder + "/quantized.json"));
  QuantizationCatalog quantizations{"quantisation"};
};

TEST_F(QuantizedReferences, CheckpointsSayWhatTheLibrarySays) {
  for (const Json& one : cases) {
    const auto scheme =
        bind_quantization(quantizations, one["config"].get<QuantizationConfig>());
    EXPECT_EQ(scheme->checkpoint_config({})["config_groups"]["group_0"]["weights"],
              one["checkpoint"]);
  }
}

TEST_F(QuantizedReferences, PartsAndWhatTheyStandForAreEqualBitForBit) {
  EXPECT_EQ(cases.size(), 36u);
  for (const Json& one : cases) {
    const std::string name = one["case"];
    SCOPED_TRACE(name);
    const auto config = one["config"].get<QuantizationConfig>();
    const Tensor matrix = load(one["input"]);
    const TensorSpec spec{one["input"], std::nullopt, std::nullopt, Device::cpu(), source,
                          {TensorTransformation::quantize(config)}};
    const auto weight =
        std::get<QuantizedTensor>(loader->load_weights(std::span(&spec, 1))[0]);
    EXPECT_EQ(weight.config, config);
    for (const auto& [suffix, tensor] : weight.parts) {
      SCOPED_TRACE("part \"" + suffix + "\"");
      expect_equal(tensor, load(name + "|" + suffix));
    }

    std::vector<float> decoded(static_cast<size_t>(matrix.numel()));
    bind_quantization(quantizations, config)->decode(weight, 0, matrix.dim(0), decoded);
    const Tensor values(borrow_bytes({reinterpret_cast<const char*>(decoded.data()),
                                      decoded.size() * sizeof(float)}),
                        matrix.shape(), DataType::kF32);
    TransformStep cast = catalogs.transforms.get("cast").bind({{"dtype", matrix.dtype()}},
                                                              DataType::kF32, matrix.shape());
    Tensor rounded = values;
    if (cast.convert) {
      rounded = factory.empty(matrix.shape(), matrix.dtype(), Device::cpu());
      cast.convert(static_cast<const std::byte*>(values.raw_data()),
                   static_cast<std::byte*>(rounded.mutable_raw_data()), matrix.numel());
    }
    expect_equal(rounded, load(name + "|decoded"));
  }
}

}  // namespace
}  // namespace ferrum
