// What the schemes accept, refuse and tell. Their results are compared with those of another
// library in src/weights/quantized_references_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "ferrum/quant/quantization_catalog.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

using test::expect_error;
using testing::ElementsAre;
using testing::HasSubstr;

class QuantizationTest : public testing::Test {
 protected:
  QuantizationTest() { register_quantizations(catalog); }

  std::unique_ptr<QuantizationScheme> bind(const QuantizationConfig& config) const {
    return bind_quantization(catalog, config);
  }
  QuantizedTensor allocate(const QuantizationScheme& scheme, const Shape& shape) {
    QuantizedTensor weight{scheme.config(), DataType::kF32, shape, {}};
    for (const auto& part : scheme.layout(weight.dtype, shape)) {
      weight.parts.push_back({part.suffix, factory.empty(part.shape, part.dtype, Device::cpu())});
    }
    return weight;
  }
  QuantizedTensor encode(const QuantizationConfig& config, const Shape& shape,
                         const std::vector<float>& values) {
    const auto scheme = bind(config);
    QuantizedTensor weight = allocate(*scheme, shape);
    scheme->encode(reinterpret_cast<const std::byte*>(values.data()), 0, shape[0], weight);
    return weight;
  }
  std::vector<float> decode(const QuantizedTensor& weight) {
    std::vector<float> values(static_cast<size_t>(weight.shape.numel()));
    bind(weight.config)->decode(weight, 0, weight.shape[0], values);
    return values;
  }

  HostTensorFactory factory;
  QuantizationCatalog catalog{"quantisation"};
};

const QuantizationConfig kEveryConfig[] = {
    QuantizationConfig::int8(),         QuantizationConfig::int8(false),
    QuantizationConfig::int4(2),        QuantizationConfig::int4(2, false),
    QuantizationConfig::int4(-1),       QuantizationConfig::int4(-1, false),
    QuantizationConfig::fp8(),          QuantizationConfig::fp8(false)};

TEST_F(QuantizationTest, ConfigsGoToJsonAndBack) {
  for (const QuantizationConfig& config :
       {QuantizationConfig::int8(false), QuantizationConfig::int4(64), QuantizationConfig::fp8(),
        QuantizationConfig::gptq(4, 128, true, false), QuantizationConfig::awq(4, 128, true)}) {
    const Json json = config;
    EXPECT_EQ(json["kind"], config.kind);
    EXPECT_EQ(json.get<QuantizationConfig>(), config);
  }
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("without a \"kind\""),
               [] { Json{{"group_size", 4}}.get<QuantizationConfig>(); });
}

TEST_F(QuantizationTest, ParametersHaveDefaultsAndAreChecked) {
  EXPECT_EQ(bind({"int8"})->config(), QuantizationConfig::int8(true));
  EXPECT_EQ(bind({"int4"})->config(), QuantizationConfig::int4(128, true));
  EXPECT_EQ(bind({"fp8"})->config(), QuantizationConfig::fp8(true));
  const ErrorCode argument = ErrorCode::kInvalidArgument;
  for (const int64_t size : {0, -2}) {
    expect_error(argument, HasSubstr("group_size is"),
                 [&] { bind(QuantizationConfig::int4(size)); });
  }
  expect_error(argument, HasSubstr("fp8.format is \"e3m4\""),
               [&] { bind({"fp8", {{"format", "e3m4"}}}); });
  expect_error(argument, HasSubstr("unknown keys: bits"), [&] { bind({"int8", {{"bits", 8}}}); });
  expect_error(ErrorCode::kNotFound, HasSubstr("unknown quantisation 'int3'"),
               [&] { bind({"int3"}); });
}

TEST_F(QuantizationTest, CalibratedKindsAreRefusedWithTheReason) {
  const ErrorCode unsupported = ErrorCode::kUnsupported;
  expect_error(unsupported, HasSubstr("'gptq': calibration"),
               [&] { bind(QuantizationConfig::gptq(4, 128, false, true)); });
  expect_error(unsupported, HasSubstr("'awq': calibration"),
               [&] { bind(QuantizationConfig::awq(4, 128, true)); });
}

TEST_F(QuantizationTest, OnlyMatricesOfFloatsAreQuantised) {
  for (const QuantizationConfig& config : kEveryConfig) {
    const auto scheme = bind(config);
    for (const Shape& shape : {Shape{}, Shape{4}, Shape{2, 4, 4}, Shape{4, 0}}) {
      expect_error(ErrorCode::kInvalidArgument, HasSubstr("found " + to_string(shape)),
                   [&] { scheme->layout(DataType::kF32, shape); });
    }
    for (const DataType dtype : {DataType::kF64, DataType::kI8, DataType::kF8E4M3}) {
      expect_error(ErrorCode::kUnsupported, HasSubstr("are not quantised"),
                   [&] { scheme->layout(dtype, Shape{2, 4}); });
    }
  }
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("group_size of 3 does not divide 8 columns"),
               [&] { bind(QuantizationConfig::int4(3))->layout(DataType::kF32, Shape{2, 8}); });
}

TEST_F(QuantizationTest, NumbersThatNoScaleHoldsAreRefusedByRow) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const QuantizationConfig& config : kEveryConfig) {
    for (const float bad : {kInfinity, -kInfinity, std::nanf("")}) {
      for (const size_t where : {4u, 7u}) {
        std::vector<float> values(12, 1.0f);
        values[where] = bad;
        expect_error(ErrorCode::kInvalidArgument, HasSubstr("row 1 holds an infinity or NaN"),
                     [&] { encode(config, Shape{3, 4}, values); });
      }
    }
  }
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("row 0 spans more than f32 can tell"), [&] {
    encode(QuantizationConfig::int8(false), Shape{1, 2}, {3e38f, -3e38f});
  });
}

TEST_F(QuantizationTest, ZerosStayZerosAndSmallNumbersAreNotDividedByZero) {
  for (const QuantizationConfig& config : kEveryConfig) {
    SCOPED_TRACE(Json(config).dump());
    const auto decoded = decode(encode(config, Shape{2, 4}, {0, -0.0f, 0, 0, 1e-45f, 0, 0, 0}));
    for (const float x : decoded) EXPECT_EQ(x, 0);
  }
}

TEST_F(QuantizationTest, NoNumberIsFurtherOffThanItsStep) {
  std::vector<float> values;
  for (int i = 0; i < 6 * 32; ++i) values.push_back(std::sin(static_cast<float>(i * i)) + 0.3f);
  for (const QuantizationConfig& config : kEveryConfig) {
    SCOPED_TRACE(Json(config).dump());
    const auto decoded = decode(encode(config, Shape{6, 32}, values));
    // A row spans at most 2.6 about 0.3: half a step of 15, of 255, or a 16th of the number.
    const float bound = config.kind == "int4" ? 0.18f : config.kind == "int8" ? 0.011f : 0.17f;
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(decoded[i], values[i], bound);
  }
}

TEST_F(QuantizationTest, NoRowsGiveEmptyParts) {
  const QuantizedTensor weight = encode(QuantizationConfig::int4(4, false), Shape{0, 8}, {});
  std::vector<std::string> parts;
  for (const auto& [suffix, tensor] : weight.parts) {
    parts.push_back(suffix + " " + to_string(tensor));
  }
  EXPECT_THAT(parts, ElementsAre("_packed i32 [0, 1] on cpu", "_scale f32 [0, 2] on cpu",
                                 "_zero_point i32 [0, 2] on cpu", "_shape i64 [2] on cpu"));
  EXPECT_EQ(weight.part("_shape").data<int64_t>()[0], 0);
  EXPECT_EQ(weight.part("_shape").data<int64_t>()[1], 8);
  EXPECT_EQ(weight.size_bytes(), 16);
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("int4 has no part \"_bias\""),
               [&] { weight.part("_bias"); });
}

TEST_F(QuantizationTest, PartsThatDoNotBelongTogetherAreNotDecoded) {
  const QuantizedTensor good =
      encode(QuantizationConfig::int8(), Shape{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  const auto refused = [&](const std::function<void(QuantizedTensor&)>& spoil) {
    QuantizedTensor bad = good;
    spoil(bad);
    expect_error(ErrorCode::kInvalidArgument, HasSubstr("these parts are not a matrix"),
                 [&] { decode(bad); });
  };
  refused([](QuantizedTensor& w) { w.parts.pop_back(); });
  refused([](QuantizedTensor& w) { w.parts[1].suffix = "_scales"; });
  refused([](QuantizedTensor& w) { w.parts[1].tensor = {}; });
  refused([](QuantizedTensor& w) { w.parts[1].tensor = w.parts[1].tensor.narrow(0, 0, 1); });
  refused([](QuantizedTensor& w) { w.parts[0].tensor = w.parts[0].tensor.transpose(0, 1); });
  refused([](QuantizedTensor& w) { w.dtype = DataType::kF16; });
  refused([](QuantizedTensor& w) { w.shape = Shape{4, 2}; });
  std::vector<float> out(4);
  for (const int64_t row : {-1, 2}) {
    expect_error(ErrorCode::kInvalidArgument, HasSubstr("these parts are not a matrix"),
                 [&] { bind(good.config)->decode(good, row, 1, out); });
  }
}

TEST_F(QuantizationTest, AFormatThatCheckpointsLackIsSaidSo) {
  const std::vector<std::string> dense{"lm_head"};
  const Json config = bind(QuantizationConfig::int4(64))->checkpoint_config(dense);
  EXPECT_EQ(config["quant_method"], "compressed-tensors");
  EXPECT_EQ(config["format"], "pack-quantized");
  EXPECT_EQ(config["ignore"], Json({"lm_head"}));
  expect_error(ErrorCode::kUnsupported, HasSubstr("f8_e5m2"),
               [&] { bind(QuantizationConfig::fp8(false))->checkpoint_config(dense); });
}

}  // namespace
}  // namespace ferrum
