// What is converted can be read again, and is there whole or not at all.

#include "ferrum/weights/weight_conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "support/host_tensor_factory.h"
#include "support/temp_folder.h"

namespace ferrum {
namespace {

namespace fs = std::filesystem;

class WeightConversionTest : public testing::Test {
 protected:
  // All tensors of `source` that `target` can hold, each with `steps`.
  WeightConversion all_of(const std::string& target,
                          const std::vector<TensorTransformation>& steps = {}) {
    WeightConversion conversion;
    conversion.target.path = folder.path() / target;
    for (const auto& [name, info] : loader->get_metadata(source).tensors) {
      if (!name.starts_with("turned") && !name.starts_with("cube")) continue;
      if (!target.ends_with("safetensors") && info.dtype == DataType::kBF16) continue;
      conversion.tensors.push_back({name, {}, {}, Device::cpu(), source, steps});
    }
    return conversion;
  }
  ConversionResult convert(const WeightConversion& conversion, std::stop_token stop = {},
                           const LoadProgress& progress = {}) {
    return convert_weights(conversion, *loader, catalogs.formats, stop, progress);
  }

  test::TempFolder folder;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
  WeightSource source =
      WeightSource::file(FERRUM_SOURCE_DIR "/tests/data/weights/matrix/state.pt");
};

TEST_F(WeightConversionTest, WhatWasWrittenIsWhatWasRead) {
  for (const char* target : {"x.safetensors", "x.npz"}) {
    SCOPED_TRACE(target);
    const WeightConversion conversion = all_of(target);
    const ConversionResult result = convert(conversion);
    EXPECT_EQ(result.tensors, static_cast<int64_t>(conversion.tensors.size()));
    const WeightSource written = WeightSource::file(conversion.target.path);
    EXPECT_EQ(loader->get_metadata(written).total_size_bytes, result.bytes);
    for (const TensorSpec& spec : conversion.tensors) {
      const Tensor from = loader->load_tensor(spec);
      TensorSpec again = spec;
      again.source = written;
      const Tensor to = loader->load_tensor(again);
      ASSERT_EQ(to.shape(), from.shape());
      ASSERT_EQ(to.dtype(), from.dtype());
      const auto size = static_cast<size_t>(from.size_bytes());
      EXPECT_EQ(std::memcmp(to.raw_data(), from.raw_data(), size), 0) << spec.name;
    }
  }
}

TEST_F(WeightConversionTest, AQuantisedMatrixIsWrittenInItsParts) {
  WeightConversion conversion = all_of("x.safetensors");
  std::erase_if(conversion.tensors, [](const auto& spec) { return spec.name != "turned.f32"; });
  conversion.tensors[0].transformations = {
      TensorTransformation::scale(0), TensorTransformation::scale(1),
      TensorTransformation::cast(DataType::kI8), TensorTransformation::cast(DataType::kF32),
      TensorTransformation::quantize(QuantizationConfig::int8())};
  conversion.tensors[0].name = "w";
  conversion.tensors[0].source.tensor_name = "turned.f32";
  EXPECT_EQ(convert(conversion).tensors, 2);
  const auto written = loader->get_metadata(WeightSource::file(conversion.target.path)).tensors;
  EXPECT_EQ(written.at("w").dtype, DataType::kI8);
  EXPECT_EQ(written.at("w").shape, (Shape{7, 5}));
  EXPECT_EQ(written.at("w_scale").shape, (Shape{7, 1}));
}

TEST_F(WeightConversionTest, ProgressRisesToTheBytesWritten) {
  int64_t last = 0;
  const auto note = [&](int64_t done, int64_t) {
    EXPECT_GE(done, last);
    last = done;
  };
  const ConversionResult result = convert(all_of("x.safetensors"), {}, note);
  EXPECT_EQ(last, result.bytes);
}

TEST_F(WeightConversionTest, AFailureLeavesWhatWasThere) {
  folder.write("x.safetensors", "old");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(convert(all_of("x.safetensors"), stop.get_token()), Error);
  EXPECT_THROW(convert(all_of("x.safetensors", {TensorTransformation::slice(9, 0, 1)})), Error);
  EXPECT_EQ(fs::file_size(folder.path() / "x.safetensors"), 3u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace ferrum
