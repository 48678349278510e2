// Files that the safetensors library wrote, and results that torch, numpy and exact fractions gave
// (tools/make_weight_references.py).

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/hex.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights";

Json read_json(const std::string& name) {
  std::ifstream file(kFolder + "/" + name);
  return Json::parse(file);
}

std::string_view bytes_of_tensor(const Tensor& tensor) {
  EXPECT_TRUE(tensor.is_contiguous());
  return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
}

bool is_nan(DataType dtype, uint64_t code) {
  switch (dtype) {
    case DataType::kF64: return (code & ~(1ull << 63)) > 0x7ffull << 52;
    case DataType::kF32: return (code & 0x7fffffff) > 0x7f800000;
    case DataType::kF16: return (code & 0x7fff) > 0x7c00;
    case DataType::kBF16: return (code & 0x7fff) > 0x7f80;
    case DataType::kF8E4M3: return (code & 0x7f) == 0x7f;
    case DataType::kF8E5M2: return (code & 0x7f) > 0x7c;
    case DataType::kF8E4M3Fnuz:
    case DataType::kF8E5M2Fnuz: return code == 0x80;
    default: return false;
  }
}

// Bit for bit, but for the sign and payload of a NaN.
void expect_equal(const Tensor& actual, const Tensor& expected) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(to_string(actual.shape()), to_string(expected.shape()));
  const std::string_view a = bytes_of_tensor(actual), e = bytes_of_tensor(expected);
  const size_t size = static_cast<size_t>(bits_of(actual.dtype())) / 8;
  for (size_t i = 0; i < a.size(); i += size) {
    uint64_t x = 0, y = 0;
    std::memcpy(&x, a.data() + i, size);
    std::memcpy(&y, e.data() + i, size);
    const bool nan = is_nan(actual.dtype(), y);
    EXPECT_TRUE(nan ? is_nan(actual.dtype(), x) : x == y)
        << "element " << i / size << ": " << std::hex << x << ", expected " << y;
  }
}

class ReferencesTest : public testing::Test {
 protected:
  Tensor load(const std::string& file, const std::string& name,
              std::vector<TensorTransformation> transformations = {}) {
    return loader->load_tensor({name, std::nullopt, std::nullopt, Device::cpu(),
                                WeightSource::file(kFolder + "/" + file),
                                std::move(transformations)});
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(ReferencesTest, EveryDtypeIsReadBitForBit) {
  const Json listing = read_json("dtypes.json");
  const WeightMetadata metadata =
      loader->get_metadata(WeightSource::file(kFolder + "/dtypes.safetensors"));
  ASSERT_EQ(metadata.tensors.size(), listing.size());
  EXPECT_EQ(metadata.extra, Json({{"format", "pt"}, {"note", "line\nbreak"}}));
  for (const auto& [name, expected] : listing.items()) {
    SCOPED_TRACE(name);
    const Tensor tensor = load("dtypes.safetensors", name);
    EXPECT_EQ(Json(tensor.shape()), expected["shape"]);
    EXPECT_EQ(to_hex(bytes_of_tensor(tensor)), expected["hex"]);
  }
  EXPECT_EQ(metadata.tensors.at("BF16 matrix").dtype, DataType::kBF16);
  EXPECT_EQ(metadata.tensors.at("F8_E4M3FNUZ matrix").dtype, DataType::kF8E4M3Fnuz);
  EXPECT_EQ(metadata.tensors.at("F4 matrix").dtype, DataType::kF4E2M1);
}

TEST_F(ReferencesTest, EveryCastRoundsAndSaturatesAsStated) {
  const auto metadata = loader->get_metadata(WeightSource::file(kFolder + "/casts.safetensors"));
  int casts = 0;
  for (const auto& [name, info] : metadata.tensors) {
    const size_t space = name.find(' ');
    if (space == std::string::npos) continue;
    SCOPED_TRACE(name);
    const DataType target = parse_dtype(name.substr(space + 1));
    expect_equal(load("casts.safetensors", name.substr(0, space),
                      {TensorTransformation::cast(target)}),
                 load("casts.safetensors", name));
    ++casts;
  }
  EXPECT_EQ(casts, 17 * 16 + 17);  // 17 types into each other, and f8_e8m0 into them
}

TEST_F(ReferencesTest, ChainsGiveWhatTorchGives) {
  for (const Json& chain : read_json("chains.json")) {
    SCOPED_TRACE(chain.dump());
    const auto transformations =
        chain["transformations"].get<std::vector<TensorTransformation>>();
    expect_equal(load("chains.safetensors", chain["input"], transformations),
                 load("chains.safetensors", chain["result"]));
  }
}

TEST_F(ReferencesTest, AShardedModelIsOneSetOfTensors) {
  const auto files = open_model_directory(kFolder + "/sharded");
  const ModelWeights weights(*files, *loader);
  EXPECT_EQ(weights.tensors().size(), 7u);
  EXPECT_EQ(weights.total_size_bytes(), 416);
  EXPECT_EQ(weights.sources().size(), 2u);
  std::vector<ModelWeights::Request> requests;
  for (const auto& [name, entry] : weights.tensors())
    requests.push_back({name, entry.info.shape, {}});
  const std::vector<Tensor> tensors = weights.load(requests, Device::cpu());
  for (size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].name != "norm.weight") continue;
    EXPECT_EQ(tensors[i].data<float>()[7], 1.0f);
  }
}

}  // namespace
}  // namespace ferrum
