// The transformation: what reaches the scheme, whichever way the rows come. That the schemes are
// right is shown in quantized_references_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ferrum/quant/quantization_catalog.h"
#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

using T = TensorTransformation;
using test::expect_error;
using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kRows = 3000, kColumns = 1024;

// "m": f32 [3000, 1024], 12 MiB; "v": f32 [4]; "bad": f32 [2, 2] with a NaN in its second row;
// "none": f32 [0, 8].
std::string file_bytes() {
  const std::string header =
      R"({"m":{"dtype":"F32","shape":[3000,1024],"data_offsets":[0,12288000]},)"
      R"("v":{"dtype":"F32","shape":[4],"data_offsets":[12288000,12288016]},)"
      R"("bad":{"dtype":"F32","shape":[2,2],"data_offsets":[12288016,12288032]},)"
      R"("none":{"dtype":"F32","shape":[0,8],"data_offsets":[12288032,12288032]}})";
  std::vector<float> values;
  for (int64_t i = 0; i < kRows * kColumns + 4; ++i) {
    values.push_back(std::sin(static_cast<float>(i % 65521)) * static_cast<float>(i % 11));
  }
  values.insert(values.end(), {1, 2, std::nanf(""), 4});
  return safetensors_bytes(header, std::string_view(reinterpret_cast<const char*>(values.data()),
                                                    values.size() * sizeof(float)));
}

class QuantizeTest : public testing::Test {
 protected:
  QuantizeTest() {
    medium->bytes = file_bytes();
    test::add_ranged_medium(catalogs.sources, "ranged.safetensors", medium);
    ranged.kind = "ranged";
    file = WeightSource::file(folder.write("file.safetensors", medium->bytes));
    register_quantizations(kinds);
  }

  static TensorSpec spec(const WeightSource& source, const std::string& name,
                         std::vector<T> transformations) {
    return {name, std::nullopt, std::nullopt, Device::cpu(), source, std::move(transformations)};
  }
  QuantizedTensor load(const TensorSpec& spec) {
    return std::get<QuantizedTensor>(loader->load_weights(std::span(&spec, 1))[0]);
  }
  // The scheme over the whole matrix at once.
  QuantizedTensor encode(const Tensor& matrix, const QuantizationConfig& config) {
    const auto scheme = bind_quantization(kinds, config);
    QuantizedTensor weight{scheme->config(), matrix.dtype(), matrix.shape(), {}};
    for (const auto& part : scheme->layout(weight.dtype, weight.shape)) {
      weight.parts.push_back({part.suffix, factory.empty(part.shape, part.dtype, Device::cpu())});
    }
    scheme->encode(static_cast<const std::byte*>(matrix.raw_data()), 0, matrix.dim(0), weight);
    return weight;
  }
  static void expect_equal(const QuantizedTensor& actual, const QuantizedTensor& expected) {
    EXPECT_EQ(actual.config, expected.config);
    EXPECT_EQ(actual.dtype, expected.dtype);
    EXPECT_EQ(to_string(actual.shape), to_string(expected.shape));
    ASSERT_EQ(actual.parts.size(), expected.parts.size());
    for (size_t i = 0; i < actual.parts.size(); ++i) {
      const Tensor &a = actual.parts[i].tensor, &e = expected.parts[i].tensor;
      EXPECT_EQ(actual.parts[i].suffix, expected.parts[i].suffix);
      ASSERT_EQ(to_string(a), to_string(e));
      EXPECT_EQ(std::memcmp(a.raw_data(), e.raw_data(), static_cast<size_t>(e.size_bytes())), 0)
          << "part \"" << expected.parts[i].suffix << "\"";
    }
  }

  test::TempFolder folder;
  std::shared_ptr<test::RangedMedium> medium = std::make_shared<test::RangedMedium>();
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
  WeightSource ranged, file;
  QuantizationCatalog kinds{"quantisation"};
};

TEST_F(QuantizeTest, ComesAfterWhatStandsBeforeItWhereverTheBytesAre) {
  const std::vector<std::vector<T>> chains{
      {},
      {T::cast(DataType::kBF16)},
      {T::slice(0, 5, -9)},
      {T::slice(1, 256, 512), T::scale(0.3f)},
      {T::transpose(0, 1), T::slice(1, 0, 2944), T::cast(DataType::kF16)},
      {T::transpose(0, 1), T::reshape(Shape{kRows, kColumns})}};
  const QuantizationConfig config = QuantizationConfig::int4(64, false);
  for (size_t i = 0; i < chains.size(); ++i) {
    const QuantizedTensor expected =
        encode(loader->load_tensor(spec(file, "m", chains[i])), config);
    std::vector<T> chain = chains[i];
    chain.push_back(T::quantize(config));
    for (const WeightSource& source : {file, ranged}) {
      SCOPED_TRACE("chain " + std::to_string(i) + " from " + source.kind);
      expect_equal(load(spec(source, "m", chain)), expected);
    }
  }
}

TEST_F(QuantizeTest, ABatchMayMixBothKindsOfWeights) {
  const std::vector<TensorSpec> specs{spec(file, "v", {}),
                                      spec(file, "m", {T::quantize(QuantizationConfig::fp8())}),
                                      spec(ranged, "v", {T::slice(0, 1, 2)})};
  int64_t last = 0, all = 0;
  const auto weights = loader->load_weights(specs, {}, [&](int64_t done, int64_t total) {
    EXPECT_GE(done, last);
    last = done;
    all = total;
  });
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, kRows * kColumns * 4 + 2 * 16);
  EXPECT_EQ(std::get<Tensor>(weights[0]).dim(0), 4);
  EXPECT_EQ(std::get<QuantizedTensor>(weights[1]).part("").dtype(), DataType::kF8E4M3);
  EXPECT_EQ(std::get<Tensor>(weights[2]).dim(0), 1);
}

TEST_F(QuantizeTest, TheDtypeOfASpecIsThatOfTheMatrix) {
  TensorSpec wanted = spec(file, "m", {T::quantize(QuantizationConfig::int8())});
  wanted.dtype = DataType::kBF16;
  wanted.shape = Shape{kRows, kColumns};
  const QuantizedTensor weight = load(wanted);
  EXPECT_EQ(weight.dtype, DataType::kBF16);
  EXPECT_EQ(weight.part("_scale").dtype(), DataType::kBF16);
  expect_equal(weight, encode(loader->load_tensor(spec(file, "m", {T::cast(DataType::kBF16)})),
                              QuantizationConfig::int8()));
  wanted.shape = Shape{kRows, 1};
  expect_error(ErrorCode::kInvalidArgument, HasSubstr("its shape is [3000, 1024], expected"),
               [&] { load(wanted); });
}

TEST_F(QuantizeTest, ThePlanOfALoadTellsTheParts) {
  const LoadPlan plan =
      loader->plan_load(spec(file, "m", {T::quantize(QuantizationConfig::int4(64, false))}));
  EXPECT_EQ(plan.dtype, DataType::kF32);
  EXPECT_EQ(plan.shape, (Shape{kRows, kColumns}));
  EXPECT_FALSE(plan.in_place);
  ASSERT_EQ(plan.parts.size(), 4u);
  EXPECT_EQ(plan.parts[0].suffix, "_packed");
  EXPECT_EQ(plan.parts[0].dtype, DataType::kI32);
  EXPECT_EQ(plan.parts[0].shape, (Shape{kRows, kColumns / 8}));
  EXPECT_TRUE(loader->plan_load(spec(file, "m", {})).parts.empty());
}

TEST_F(QuantizeTest, RefusalsNameTensorAndStep) {
  const auto int8 = T::quantize(QuantizationConfig::int8());
  const auto refused = [&](ErrorCode code, const std::string& name, const std::string& what,
                           std::vector<T> steps) {
    SCOPED_TRACE(what);
    expect_error(code, AllOf(HasSubstr("tensor '" + name + "' of "), HasSubstr(what)),
                 [&] { load(spec(file, name, steps)); });
  };
  const ErrorCode argument = ErrorCode::kInvalidArgument, unsupported = ErrorCode::kUnsupported;
  refused(argument, "v", "transformation 1 (quantize): a quantised weight is a matrix", {int8});
  refused(argument, "m", "does not divide 1024 columns",
          {T::quantize(QuantizationConfig::int4(100))});
  refused(argument, "bad", "row 1 holds an infinity or NaN", {int8});
  refused(unsupported, "m", "elements of f64 are not quantised", {T::cast(DataType::kF64), int8});
  refused(unsupported, "m", "transformation 2 (scale): nothing can follow", {int8, T::scale(2)});
  refused(unsupported, "m", "transformation 2 (quantize): nothing can follow", {int8, int8});
  refused(unsupported, "m", "no quantisation 'awq'",
          {T::quantize(QuantizationConfig::awq(4, 128, true))});
  refused(ErrorCode::kNotFound, "m", "unknown quantisation 'int5'", {T::quantize({"int5"})});
  refused(argument, "m", "quantize.config", {{"quantize"}});
  expect_error(argument, AllOf(HasSubstr("tensor 'm'"), HasSubstr("ask load_weights")),
               [&] { loader->load_tensor(spec(file, "m", {int8})); });
}

TEST_F(QuantizeTest, AMatrixWithoutRowsHasItsShape) {
  const QuantizedTensor weight =
      load(spec(file, "none", {T::quantize(QuantizationConfig::int4(8))}));
  EXPECT_EQ(weight.part("_packed").numel(), 0);
  EXPECT_EQ(weight.part("_shape").data<int64_t>()[1], 8);
}

TEST_F(QuantizeTest, GoesToJsonAndBack) {
  const T transformation = T::quantize(QuantizationConfig::int4(64));
  const Json json = transformation;
  EXPECT_EQ(json, Json::parse(R"({"kind": "quantize",
      "config": {"kind": "int4", "group_size": 64, "symmetric": true}})"));
  EXPECT_EQ(Json(json.get<T>()), json);
}

TEST_F(QuantizeTest, CostsItsResultAndAWindow) {
  const auto int8 = T::quantize(QuantizationConfig::int8());
  loader->get_metadata(ranged);
  load(spec(ranged, "m", {T::slice(0, 0, 8), int8}));
  const int64_t before = peak_rss_bytes();
  const int64_t read = medium->bytes_read;
  const QuantizedTensor weight = load(spec(ranged, "m", {int8}));
  EXPECT_EQ(medium->bytes_read - read, kRows * kColumns * 4);
  EXPECT_LT(peak_rss_bytes() - before, weight.size_bytes() + (int64_t{7} << 20));
}

}  // namespace
}  // namespace ferrum
