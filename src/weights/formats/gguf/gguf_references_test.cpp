// Files of the Python package `gguf` (tools/make_gguf_references.py).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "support/temp_folder.h"
#include "weights/formats/gguf/gguf_file.h"

namespace ferrum {
namespace {

using testing::HasSubstr;

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/gguf/";

class GgufReferencesTest : public testing::Test {
 protected:
  Tensor load(const std::string& path, const std::string& name,
              std::vector<TensorTransformation> transformations = {}) {
    return loader->load_tensor({name, std::nullopt, std::nullopt, Device::cpu(),
                                WeightSource::file(path), std::move(transformations)});
  }
  WeightMetadata open(const std::string& path) {
    return loader->get_metadata(WeightSource::file(path));
  }

  static void expect_equal(const Tensor& actual, const Tensor& expected) {
    ASSERT_EQ(actual.dtype(), expected.dtype());
    ASSERT_EQ(to_string(actual.shape()), to_string(expected.shape()));
    EXPECT_EQ(std::memcmp(actual.raw_data(), expected.raw_data(),
                          static_cast<size_t>(actual.size_bytes())), 0);
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(GgufReferencesTest, EveryTensorIsAsThePackageDecodesIt) {
  const WeightMetadata metadata = open(kFolder + "blocks.gguf");
  const WeightMetadata expected = open(kFolder + "blocks.safetensors");
  EXPECT_EQ(metadata.tensors.size(), 18u);
  EXPECT_EQ(metadata.total_size_bytes, expected.total_size_bytes + 3 * 8 * 2 - 3 * 8 * 4);
  for (const auto& [name, info] : expected.tensors) {
    SCOPED_TRACE(name);
    const bool bf16 = name == "bf16";  // which the package decodes
    expect_equal(load(kFolder + "blocks.gguf", name,
                      bf16 ? std::vector{TensorTransformation::cast(DataType::kF32)}
                           : std::vector<TensorTransformation>{}),
                 load(kFolder + "blocks.safetensors", name));
  }
}

TEST_F(GgufReferencesTest, MetadataSaysHowTensorsAreStored) {
  const WeightMetadata metadata = open(kFolder + "blocks.gguf");
  const TensorInfo& blocks = metadata.tensors.at("q5_1");
  EXPECT_EQ(blocks.dtype, DataType::kF32);
  EXPECT_EQ(blocks.size_bytes, 3 * 512 * 4);
  EXPECT_EQ(blocks.encoding, "q5_1");
  EXPECT_EQ(blocks.stored_bytes, 3 * 512 / 32 * 24);
  EXPECT_EQ(metadata.tensors.at("bf16").dtype, DataType::kBF16);
  EXPECT_EQ(metadata.tensors.at("bf16").encoding, "");
}

TEST_F(GgufReferencesTest, RangesBeginAndEndInsideBlocks) {
  for (const std::string name : {"q8_0", "tq1_0", "f16"}) {
    const bool plain = name == "f16";
    for (const auto& [begin, end] : {std::pair{0, 1}, {1, 3}, {2, 3}, {1, 1}}) {
      const std::vector<TensorTransformation> rows{TensorTransformation::slice(0, begin, end)};
      expect_equal(load(kFolder + "blocks.gguf", name, rows),
                   load(kFolder + "blocks.safetensors", name, rows));
    }
    const int64_t width = plain ? 5 : 512;
    for (const auto& [begin, end] : {std::pair{1, 2}, {3, 4}, {0, 5}}) {
      const std::vector<TensorTransformation> columns{
          TensorTransformation::slice(1, begin * width / 5, end * width / 5)};
      expect_equal(load(kFolder + "blocks.gguf", name, columns),
                   load(kFolder + "blocks.safetensors", name, columns));
    }
  }
}

TEST_F(GgufReferencesTest, ValuesOfEveryTypeAndLongListsSummarised) {
  const Json extra = open(kFolder + "blocks.gguf").extra;
  EXPECT_EQ(extra.at("general.architecture"), "test");
  EXPECT_EQ(extra.at("test.u8"), 255);
  EXPECT_EQ(extra.at("test.i8"), -128);
  EXPECT_EQ(extra.at("test.u16"), 65535);
  EXPECT_EQ(extra.at("test.i16"), -32768);
  EXPECT_EQ(extra.at("test.u32"), UINT32_MAX);
  EXPECT_EQ(extra.at("test.i32"), INT32_MIN);
  EXPECT_EQ(extra.at("test.f32"), 0.1f);
  EXPECT_EQ(extra.at("test.bool"), true);
  EXPECT_EQ(extra.at("test.text"), "Grüße\n\"x\"");
  EXPECT_EQ(extra.at("test.u64"), UINT64_MAX);
  EXPECT_EQ(extra.at("test.i64"), INT64_MIN);
  EXPECT_EQ(extra.at("test.f64"), 0.1);
  EXPECT_EQ(extra.at("test.numbers"), Json({1, -2, 3}));
  EXPECT_EQ(extra.at("test.texts"), Json({"a", "", "ß"}));
  EXPECT_EQ(extra.at("test.flags"), Json({true, false}));
  EXPECT_EQ(extra.at("test.many_texts"), Json({{"list", "string"}, {"count", 1000}}));
  EXPECT_EQ(extra.at("test.many_numbers"), Json({{"list", "f32"}, {"count", 100}}));
}

class GgufPartsTest : public GgufReferencesTest {
 protected:
  // The parts under other names, or without one.
  std::string copy(int part, const std::string& name) {
    const std::string from = kFolder + "split-0000" + std::to_string(part) + "-of-00003.gguf";
    std::filesystem::copy_file(from, folder.path() / name);
    return folder.path() / name;
  }
  void expect_refused(const std::string& path, ErrorCode code, const std::string& what) {
    test::expect_error(code, HasSubstr(what), [&] { open(path); });
  }

  test::TempFolder folder;
};

TEST_F(GgufPartsTest, TheFirstPartHasTheTensorsOfAll) {
  const std::string first = kFolder + "split-00001-of-00003.gguf";
  const WeightMetadata metadata = open(first);
  EXPECT_EQ(metadata.tensors.size(), 5u);
  EXPECT_EQ(metadata.extra.at("test.text"), "of all parts");
  const Tensor last = load(first, "part.4");
  expect_equal(last, load(kFolder + "split-00003-of-00003.gguf", "part.4"));
  EXPECT_EQ(last.numel(), 8);
}

TEST_F(GgufPartsTest, ALaterPartIsAFileOfItsOwn) {
  EXPECT_EQ(open(kFolder + "split-00002-of-00003.gguf").tensors.size(), 2u);
}

TEST_F(GgufPartsTest, AMissingPartIsNamed) {
  const std::string first = copy(1, "m-00001-of-00003.gguf");
  copy(2, "m-00002-of-00003.gguf");
  expect_refused(first, ErrorCode::kNotFound, "m-00003-of-00003.gguf");
}

TEST_F(GgufPartsTest, AReplacedPartIsReadAgain) {
  const std::string first = copy(1, "m-00001-of-00003.gguf");
  copy(2, "m-00002-of-00003.gguf");
  const std::string last = copy(3, "m-00003-of-00003.gguf");
  const auto last_byte = [&] {
    const Tensor tensor = load(first, "part.4");
    return static_cast<const char*>(tensor.raw_data())[tensor.size_bytes() - 1];
  };
  const char before = last_byte();
  std::string bytes = test::read_file(last);
  bytes.back() = static_cast<char>(before ^ 1);
  std::filesystem::rename(folder.write("new", bytes), last);
  EXPECT_EQ(last_byte(), before ^ 1);
}

TEST_F(GgufPartsTest, FurtherPartsAreThoseOfTheFirst) {
  EXPECT_THAT(further_gguf_parts("x-00001-of-00003.gguf"),
              testing::ElementsAre("x-00002-of-00003.gguf", "x-00003-of-00003.gguf"));
  for (const char* name : {"x.gguf", "x-00002-of-00003.gguf", "x-00001-of-00001.gguf",
                           "x-00001-of-+0003.gguf", "x-00001-of-00003.safetensors", "gguf", ""}) {
    EXPECT_THAT(further_gguf_parts(name), testing::IsEmpty()) << name;
  }
  // What is whole is so under any name.
  const auto bytes = std::make_shared<test::RangedBytes>(
      "x-00001-of-00002.gguf", test::read_file(kFolder + "small_llama.gguf"));
  EXPECT_THAT(catalogs.formats.get("gguf").further_parts({bytes}), testing::IsEmpty());
}

TEST_F(GgufPartsTest, PartsBelongTogether) {
  const std::string first = copy(1, "m-00001-of-00003.gguf");
  copy(3, "m-00002-of-00003.gguf");
  copy(2, "m-00003-of-00003.gguf");
  expect_refused(first, ErrorCode::kInvalidFormat, "is not part 2 of 3");
  expect_refused(copy(1, "model.gguf"), ErrorCode::kInvalidFormat, "-00001-of-00003.gguf");
}

}  // namespace
}  // namespace ferrum
