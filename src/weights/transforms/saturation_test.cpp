// The two rules for what the 8-bit floats cannot hold, side by side: the cast of a weight on load
// saturates (ferrum/weights/transformation.h), as ONNX Cast does; encode_float8, by which
// TensorOps::cast rounds, does as PyTorch.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "ferrum/types/float8.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

constexpr float kInf = INFINITY;

struct Case {
  float x;
  uint8_t loaded, encoded;
};
struct Kind {
  DataType dtype;
  uint8_t nan;
  std::vector<Case> cases;
};

std::vector<Kind> kinds() {
  return {{DataType::kF8E4M3, 0x7f,
           {{448, 0x7e, 0x7e}, {464, 0x7e, 0x7e}, {465, 0x7e, 0x7e}, {-1e30f, 0xfe, 0xfe},
            {kInf, 0x7e, 0x7e}, {-kInf, 0xfe, 0xfe}, {-0.0f, 0x80, 0x80}}},
          {DataType::kF8E5M2, 0x7f,
           {{57344, 0x7b, 0x7b}, {61439, 0x7b, 0x7b}, {61440, 0x7b, 0x7c}, {-1e30f, 0xfb, 0xfc},
            {kInf, 0x7b, 0x7c}, {-kInf, 0xfb, 0xfc}, {-0.0f, 0x80, 0x80}}},
          {DataType::kF8E4M3Fnuz, 0x80,
           {{240, 0x7f, 0x7f}, {247, 0x7f, 0x7f}, {248, 0x7f, 0x80}, {-1e30f, 0xff, 0x80},
            {kInf, 0x7f, 0x80}, {-kInf, 0xff, 0x80}, {-0.0f, 0, 0}}},
          {DataType::kF8E5M2Fnuz, 0x80,
           {{57344, 0x7f, 0x7f}, {61439, 0x7f, 0x7f}, {61440, 0x7f, 0x80}, {-1e30f, 0xff, 0x80},
            {kInf, 0x7f, 0x80}, {-kInf, 0xff, 0x80}, {-0.0f, 0, 0}}},
          {DataType::kF8E8M0, 0xff,
           {{0x1p127f, 254, 254}, {0x1.7fp127f, 254, 254}, {0x1.8p127f, 255, 255}, {0, 0, 0},
            {kInf, 255, 255}, {-1, 255, 255}}}};
}

class SaturationTest : public testing::Test {
 protected:
  std::vector<uint8_t> load(const std::vector<float>& values, DataType between, DataType dtype) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), 4 * values.size());
    WeightSource source = WeightSource::memory(borrow_bytes(bytes), "x.bin", "raw");
    source.format_options = {{"dtype", "f32"}, {"shape", {values.size()}}};
    const Tensor tensor = loader->load_tensor(
        {"data", {}, {}, Device::cpu(), source,
         {TensorTransformation::cast(between), TensorTransformation::cast(dtype)}});
    const auto* codes = static_cast<const uint8_t*>(tensor.raw_data());
    return {codes, codes + tensor.numel()};
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(SaturationTest, BothRulesAreAsStated) {
  for (const Kind& kind : kinds()) {
    std::vector<float> values{NAN};
    for (const Case& c : kind.cases) values.push_back(c.x);
    for (const DataType between : {DataType::kF32, DataType::kF64}) {
      const std::vector<uint8_t> loaded = load(values, between, kind.dtype);
      EXPECT_EQ(loaded[0] & 0x7f, kind.nan & 0x7f) << to_string(kind.dtype);
      for (size_t i = 0; i < kind.cases.size(); ++i) {
        EXPECT_EQ(loaded[i + 1], kind.cases[i].loaded)
            << to_string(kind.dtype) << " of " << values[i + 1] << " from " << to_string(between);
      }
    }
    EXPECT_EQ(encode_float8(kind.dtype, NAN) & 0x7f, kind.nan & 0x7f);
    for (const Case& c : kind.cases) {
      EXPECT_EQ(encode_float8(kind.dtype, c.x), c.encoded)
          << to_string(kind.dtype) << " of " << c.x;
    }
  }
}

TEST_F(SaturationTest, TheWiderFloatsOverflow) {
  for (const auto& [dtype, infinity] :
       {std::pair{DataType::kF16, 0x7c00}, std::pair{DataType::kBF16, 0x7f80}}) {
    const std::vector<float> values{65520, 3.4e38f, kInf};
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), 12);
    WeightSource source = WeightSource::memory(borrow_bytes(bytes), "x.bin", "raw");
    source.format_options = {{"dtype", "f32"}, {"shape", {3}}};
    const Tensor tensor = loader->load_tensor(
        {"data", {}, {}, Device::cpu(), source, {TensorTransformation::cast(dtype)}});
    for (int i = dtype == DataType::kF16 ? 0 : 1; i < 3; ++i) {
      uint16_t code;
      std::memcpy(&code, static_cast<const char*>(tensor.raw_data()) + 2 * i, 2);
      EXPECT_EQ(code, infinity) << values[static_cast<size_t>(i)];
    }
  }
}

}  // namespace
}  // namespace ferrum
