// Elements of less than a byte through the loader: what ml_dtypes makes of them, and arrangements.

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ferrum/weights/weight_catalogs.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"
#include "weights/transforms/packed_references.h"

namespace ferrum {
namespace {

using T = TensorTransformation;

std::string bytes_of_tensor(const Tensor& tensor) {
  EXPECT_TRUE(tensor.is_contiguous());
  return {static_cast<const char*>(tensor.raw_data()), static_cast<size_t>(tensor.size_bytes())};
}

// Element i in bits [i * bits, (i + 1) * bits), bit by bit.
std::string pack(const std::vector<uint8_t>& codes, int bits) {
  std::string bytes((codes.size() * static_cast<size_t>(bits) + 7) / 8, '\0');
  for (size_t i = 0; i < codes.size() * static_cast<size_t>(bits); ++i) {
    const int bit = codes[i / static_cast<size_t>(bits)] >> (i % static_cast<size_t>(bits)) & 1;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] | bit << (i % 8));
  }
  return bytes;
}

class PackedTest : public testing::Test {
 protected:
  PackedTest() { test::add_ranged_files(catalogs.sources); }

  void write(const std::string& dtype, const Shape& shape, const std::string& bytes) {
    const Json header{{"w", {{"dtype", dtype}, {"shape", shape},
                             {"data_offsets", {0, bytes.size()}}}}};
    file = WeightSource::file(
        folder.write(std::to_string(++files) + ".safetensors",
                     safetensors_bytes(header.dump(), bytes)));
  }
  Tensor load(const WeightSource& source, std::vector<T> steps) {
    return loader->load_tensor(
        {"w", std::nullopt, std::nullopt, Device::cpu(), source, std::move(steps)});
  }
  template <class Codes, class Values>
  void expect_like_ml_dtypes(const std::string& name, DataType dtype, const Codes& codes,
                             const Values& values) {
    SCOPED_TRACE(name);
    std::vector<uint8_t> all(values.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
    const auto count = static_cast<int64_t>(all.size());
    write(name, Shape{count}, pack(all, bits_of(dtype)));
    const Tensor decoded = load(file, {T::cast(DataType::kF32)});
    EXPECT_EQ(std::memcmp(decoded.raw_data(), values.data(), 4 * values.size()), 0);
    const Tensor whole = load(file, {T::cast(DataType::kI8)});
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(whole.data<int8_t>()[i], static_cast<int8_t>(std::bit_cast<float>(values[i])));
    }

    using packed_references::kInputs;
    const std::string in(reinterpret_cast<const char*>(kInputs.data()), 4 * kInputs.size());
    write("F32", Shape{static_cast<int64_t>(kInputs.size())}, in);
    const std::string expected = pack({codes.begin(), codes.end()}, bits_of(dtype));
    EXPECT_EQ(bytes_of_tensor(load(file, {T::cast(dtype)})), expected);
    EXPECT_EQ(bytes_of_tensor(load(file, {T::cast(DataType::kF64), T::cast(dtype)})), expected);
  }

  test::TempFolder folder;
  int files = 0;
  WeightSource file;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(PackedTest, FloatsAreWhatMlDtypesMakesOfThem) {
  using namespace packed_references;
  expect_like_ml_dtypes("F4", DataType::kF4E2M1, kF4E2M1Codes, kF4E2M1Values);
  expect_like_ml_dtypes("F6_E2M3", DataType::kF6E2M3, kF6E2M3Codes, kF6E2M3Values);
  expect_like_ml_dtypes("F6_E3M2", DataType::kF6E3M2, kF6E3M2Codes, kF6E3M2Values);
}

// Whatever moves codes moves the numbers that they stand for.
TEST_F(PackedTest, ArrangementsMoveThem) {
  std::mt19937 random(1);
  const std::vector<std::vector<T>> chains{
      {T::slice(0, 3, 9)},
      {T::slice(0, 1, {}), T::slice(1, 1, 4)},
      {T::transpose(0, 1)},
      {T::transpose(0, 1), T::reshape(Shape{8, 110}), T::slice(1, 3, 107)},
      {T::transpose(0, 1), T::reshape(Shape{880}), T::reshape(Shape{10, 88}), T::transpose(0, 1)},
      {T::reshape(Shape{880}), T::slice(0, 13, 20)},
      {T::slice(0, 5, 5)}};
  for (const auto& [name, dtype] : {std::pair{"F4", DataType::kF4E2M1},
                                    std::pair{"F6_E2M3", DataType::kF6E2M3},
                                    std::pair{"F6_E3M2", DataType::kF6E3M2}}) {
    std::vector<uint8_t> codes(20 * 44);
    for (uint8_t& code : codes) code = static_cast<uint8_t>(random() % (1u << bits_of(dtype)));
    write(name, Shape{20, 44}, pack(codes, bits_of(dtype)));
    const WeightSource packed = file;
    write("F32", Shape{20, 44}, bytes_of_tensor(load(packed, {T::cast(DataType::kF32)})));
    for (std::vector<T> chain : chains) {
      SCOPED_TRACE(name + (" " + Json(chain).dump()));
      const std::string moved = bytes_of_tensor(load(packed, chain));
      for (const T& last : {T::cast(DataType::kF32), T::cast(dtype)}) {
        chain.push_back(last);
        const std::string expected = bytes_of_tensor(load(file, chain));
        for (const WeightSource& source :
             {packed, test::ranged_file(packed.location["path"].get<std::string>())}) {
          EXPECT_EQ(bytes_of_tensor(load(source, chain)), expected);
        }
        if (last.parameters == T::cast(dtype).parameters) {
          EXPECT_EQ(moved, expected);
        }
        chain.pop_back();
      }
    }
  }
}

TEST_F(PackedTest, NothingIsMovedAnywhere) {
  write("F4", Shape{5, 3, 0}, "");
  EXPECT_EQ(load(file, {T::transpose(0, 2)}).shape(), (Shape{0, 3, 5}));
  EXPECT_EQ(load(file, {T::transpose(1, 2), T::reshape(Shape{7, 0})}).numel(), 0);
  write("F32", Shape{0, int64_t{1} << 40}, "");
  EXPECT_EQ(load(file, {T::transpose(0, 1)}).shape(), (Shape{int64_t{1} << 40, 0}));
  write("BF16", Shape{2, 2}, "12345678");
  EXPECT_EQ(load(file, {T::slice(0, 0, 0), T::transpose(1, 0), T::cast(DataType::kF6E3M2)}).shape(),
            (Shape{2, 0}));
}

TEST_F(PackedTest, IntegersAreRead) {
  for (const auto& [dtype, expected] :
       {std::pair{"i4", std::vector<float>{0, 1, 7, -8, -2, -1}},
        std::pair{"u4", std::vector<float>{0, 1, 7, 8, 14, 15}}}) {
    file = WeightSource::memory(borrow_bytes("\x10\x87\xfe"), "w.bin", "raw");
    file.format_options = {{"dtype", dtype}, {"shape", {6}}, {"name", "w"}};
    const Tensor tensor = load(file, {T::cast(DataType::kF32)});
    EXPECT_EQ(std::vector<float>(tensor.data<float>(), tensor.data<float>() + 6), expected);
  }
}

// OCP MX 1.0, 5.4.1: powers of two and NaN.
TEST_F(PackedTest, PowersOfTwoAreTheNearest) {
  const std::vector<float> values{1,      1.49f,    1.5f,  3,     0x1p-127f, 0,
                                  -1,     INFINITY, NAN,   3e38f, 0x1p127f,  0.7f};
  const std::vector<uint8_t> expected{127, 127, 128, 129, 0, 0, 255, 255, 255, 255, 254, 126};
  write("F32", Shape{12}, {reinterpret_cast<const char*>(values.data()), 48});
  const Tensor tensor = load(file, {T::cast(DataType::kF8E8M0)});
  const std::string codes = bytes_of_tensor(tensor);
  EXPECT_EQ(std::vector<uint8_t>(codes.begin(), codes.end()), expected);
}

}  // namespace
}  // namespace ferrum
