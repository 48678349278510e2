// Models that the onnx package wrote (tools/make_onnx_references.py), and how much of a file is
// read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/hex.h"
#include "support/host_tensor_factory.h"
#include "support/ranged_source.h"
#include "weights/formats/onnx/onnx_bytes.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/onnx";

class OnnxTest : public testing::Test {
 protected:
  Tensor load(const WeightSource& source, const std::string& name,
              std::vector<TensorTransformation> transformations = {}) {
    return loader->load_tensor(
        {name, std::nullopt, std::nullopt, Device::cpu(), source, std::move(transformations)});
  }
  void expect_all(const WeightSource& source, const Json& expected) {
    const WeightMetadata metadata = loader->get_metadata(source);
    EXPECT_EQ(metadata.format, "onnx");
    EXPECT_EQ(metadata.tensors.size(), expected.size());
    for (const auto& [name, tensor] : expected.items()) {
      SCOPED_TRACE(name);
      const auto info = metadata.tensors.find(name);
      ASSERT_NE(info, metadata.tensors.end());
      const Tensor loaded = load(source, name);
      EXPECT_EQ(loaded.shape(), info->second.shape);
      EXPECT_EQ(loaded.dtype(), info->second.dtype);
      EXPECT_EQ(Json(loaded.shape()), tensor["shape"]);
      EXPECT_EQ(std::string(to_string(loaded.dtype())), tensor["dtype"]);
      const std::string_view bytes(static_cast<const char*>(loaded.raw_data()),
                                   static_cast<size_t>(loaded.size_bytes()));
      EXPECT_EQ(to_hex(bytes), tensor["hex"]);
    }
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(OnnxTest, EveryTensorIsReadBitForBitFromFileMemoryAndRanges) {
  test::add_ranged_files(catalogs.sources);
  const Json listing = Json::parse(test::read_file(kFolder + "/expected.json"));
  ASSERT_EQ(listing.size(), 7u);
  for (const auto& [name, expected] : listing.items()) {
    SCOPED_TRACE(name);
    const std::string path = kFolder + "/" + name + ".onnx";
    expect_all(WeightSource::file(path), expected);
    expect_all(test::ranged_file(path), expected);
    if (name.starts_with("external")) continue;  // nothing lies beside bytes in memory
    const std::string bytes = test::read_file(path);
    expect_all(WeightSource::memory(borrow_bytes(bytes), "no suffix"), expected);
  }
}

TEST_F(OnnxTest, TheModelIsDescribed) {
  const auto extra = [&](const std::string& name) {
    return loader->get_metadata(WeightSource::file(kFolder + "/" + name + ".onnx")).extra;
  };
  EXPECT_EQ(extra("raw"), Json::parse(R"({"ir_version": 14, "producer_name": "ferrum references",
      "producer_version": "1", "opset_import": {"ai.onnx": 21, "ferrum.test": 1},
      "metadata_props": {"author": "somebody", "note": "line\nbreak ✓"}})"));
  EXPECT_THAT(loader->get_metadata(WeightSource::file(kFolder + "/typed.onnx")).unreadable,
              testing::ElementsAre(testing::Pair("texts", HasSubstr("its elements are texts"))));
  EXPECT_EQ(extra("external")["external_data"], Json::parse(R"({"external.onnx.data": {}})"));
}

TEST_F(OnnxTest, WhatMustBeDecodedSaysSo) {
  const auto tensors = loader->get_metadata(WeightSource::file(kFolder + "/typed.onnx")).tensors;
  EXPECT_EQ(tensors.at("FLOAT").encoding, "");
  EXPECT_EQ(tensors.at("INT32 edges").encoding, "varint");
  EXPECT_EQ(tensors.at("INT32 edges").stored_bytes, 10 + 5 + 1 + 1 + 5);
  const auto unpacked =
      loader->get_metadata(WeightSource::file(kFolder + "/unpacked.onnx")).tensors;
  EXPECT_EQ(unpacked.at("FLOAT").encoding, "fields");
  EXPECT_EQ(unpacked.at("FLOAT").stored_bytes, 28);
}

TEST_F(OnnxTest, ASliceOfDecodedNumbersIsThatOfTheWhole) {
  const WeightSource source = WeightSource::file(kFolder + "/typed.onnx");
  for (const char* name : {"INT64", "BFLOAT16", "COMPLEX64", "BOOL"}) {
    SCOPED_TRACE(name);
    const Tensor whole = load(source, name).narrow(0, 1, 1);
    const Tensor part = load(source, name, {TensorTransformation::slice(0, 1, 2)});
    ASSERT_EQ(part.size_bytes(), whole.size_bytes());
    EXPECT_EQ(
        std::memcmp(part.raw_data(), whole.raw_data(), static_cast<size_t>(part.size_bytes())), 0);
  }
}

TEST_F(OnnxTest, FourElementsOfSixBitsFillThreeBytes) {
  const WeightSource source = WeightSource::file(kFolder + "/typed.onnx");
  const std::shared_ptr<const ByteSource> bytes = catalogs.sources.get("file").open(source, {});
  const auto reader = catalogs.formats.get("onnx").open({.bytes = bytes});
  for (const char* name : {"FLOAT6E2M3", "FLOAT6E3M2"}) {
    const Tensor whole = load(source, name);
    ASSERT_EQ(whole.size_bytes(), 12);  // of 15 elements
    for (const auto& [begin, end] : {std::pair{0, 3}, {3, 9}, {6, 12}, {9, 12}, {6, 6}}) {
      std::string part;
      reader->decode(name, begin, end, [&](std::span<const std::byte> chunk) {
        part.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
      });
      EXPECT_EQ(part, std::string(static_cast<const char*>(whole.raw_data()) + begin,
                                  static_cast<size_t>(end - begin)))
          << name << " [" << begin << ", " << end << ")";
    }
  }
}

TEST_F(OnnxTest, LongTensorsAreDecodedInBoundedChunks) {
  constexpr int64_t kCount = 600'000;
  std::string numbers;
  for (int64_t i = 0; i < kCount; ++i) numbers += test::varint(static_cast<uint64_t>(i * i));
  auto medium = std::make_shared<test::RangedMedium>();
  medium->bytes = test::model_of_tensor(test::dims({kCount}) + test::data_type(test::kInt64) +
                                        test::bytes_field(7, numbers) + test::name("w"));
  const auto bytes = std::make_shared<test::RangedSource>("x.onnx", medium);
  const auto reader = catalogs.formats.get("onnx").open({.bytes = bytes});
  int64_t at = 5;
  reader->decode("w", at * 8, (kCount - 3) * 8, [&](std::span<const std::byte> chunk) {
    EXPECT_LE(chunk.size(), size_t{1} << 20);
    for (size_t i = 0; i < chunk.size(); i += 8, ++at) {
      int64_t value = 0;
      std::memcpy(&value, chunk.data() + i, 8);
      ASSERT_EQ(value, at * at);
    }
  });
  EXPECT_EQ(at, kCount - 3);
}

TEST_F(OnnxTest, OnlyWhatStandsAroundTheElementsIsRead) {
  constexpr size_t kBytes = size_t{50} << 20;
  std::string graph;
  for (const char* name : {"a", "b"}) {
    graph += test::initializer(test::dims({kBytes / 8}) + test::data_type(test::kFloat) +
                               test::name(name) + test::raw_data(std::string(kBytes / 2, '\1')));
  }
  const std::string numbers(size_t{1} << 20, '\2');
  graph += test::initializer(test::dims({numbers.size()}) + test::data_type(test::kInt8) +
                             test::bytes_field(5, numbers) + test::name("c"));
  auto medium = std::make_shared<test::RangedMedium>();
  medium->bytes = test::model_of_graph(graph);
  test::add_ranged_medium(catalogs.sources, "x.onnx", medium);
  WeightSource source;
  source.kind = "ranged";
  EXPECT_EQ(loader->get_metadata(source).tensors.size(), 3u);
  EXPECT_LT(medium->bytes_read, 64 << 10);
  medium->bytes_read = 0;
  EXPECT_EQ(load(source, "b", {TensorTransformation::slice(0, 7, 9)}).size_bytes(), 8);
  EXPECT_EQ(medium->bytes_read, 8);
}

TEST_F(OnnxTest, AFileOfManySmallTensorsIsReadInFewRequests) {
  std::string graph;
  for (int i = 0; i < 20'000; ++i) {
    graph +=
        test::initializer(test::dims({4}) + test::data_type(test::kFloat) +
                          test::name("w" + std::to_string(i)) + test::raw_data("0123456789abcdef"));
  }
  auto medium = std::make_shared<test::RangedMedium>();
  medium->bytes = test::model_of_graph(graph);
  test::add_ranged_medium(catalogs.sources, "x.onnx", medium);
  WeightSource source;
  source.kind = "ranged";
  EXPECT_EQ(loader->get_metadata(source).tensors.size(), 20'000u);
  EXPECT_LT(medium->reads, 20);
  EXPECT_LT(medium->bytes_read, static_cast<int64_t>(medium->bytes.size() + (64 << 10)));
}

// A file of zeros but for some pieces.
class SparseSource : public ByteSource {
 public:
  explicit SparseSource(int64_t size) : size_(size) {}
  void put(int64_t offset, std::string bytes) { pieces_.emplace_back(offset, std::move(bytes)); }
  const std::string& name() const override { return name_; }
  int64_t size() const override { return size_; }
  void read(int64_t offset, std::span<std::byte> destination) const override {
    check_range(offset, static_cast<int64_t>(destination.size()));
    for (size_t i = 0; i < destination.size(); ++i) {
      destination[i] = byte_at(offset + static_cast<int64_t>(i));
    }
  }
  void prefetch(int64_t, int64_t) const override {}

 private:
  std::byte byte_at(int64_t offset) const {
    for (const auto& [begin, bytes] : pieces_) {
      const int64_t index = offset - begin;
      if (index >= 0 && index < static_cast<int64_t>(bytes.size())) {
        return static_cast<std::byte>(bytes[static_cast<size_t>(index)]);
      }
    }
    return {};
  }

  std::string name_ = "x.onnx";
  int64_t size_;
  std::vector<std::pair<int64_t, std::string>> pieces_;
};

TEST_F(OnnxTest, PositionsHave64Bits) {
  constexpr uint64_t kBytes = uint64_t{3} << 30;
  std::string starts[3];
  uint64_t graph_bytes = 0;
  for (int i = 0; i < 3; ++i) {
    const std::string before = test::dims({kBytes / 2}) + test::data_type(test::kFloat16) +
                               test::name("w" + std::to_string(i)) +
                               test::field(9, 2, test::varint(kBytes));
    starts[i] = test::field(5, 2, test::varint(before.size() + kBytes)) + before;
    graph_bytes += starts[i].size() + kBytes;
  }
  starts[0].insert(0, test::number_field(1, 10) + test::field(7, 2, test::varint(graph_bytes)));
  const auto rows = static_cast<int64_t>(kBytes);
  const auto bytes = std::make_shared<SparseSource>(
      static_cast<int64_t>(starts[0].size() + starts[1].size() + starts[2].size() + 3 * kBytes));
  int64_t at = 0;
  for (const std::string& start : starts) {
    bytes->put(at, start);
    at += static_cast<int64_t>(start.size()) + rows;
  }
  const auto reader = catalogs.formats.get("onnx").open({.bytes = bytes});
  EXPECT_TRUE(catalogs.formats.get("onnx").matches(*bytes));
  EXPECT_EQ(reader->metadata().total_size_bytes, 3 * rows);
  const auto last = reader->find_stored("w2");
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->extent.byte_offset(), at - rows);
}

TEST_F(OnnxTest, WhatTheMediumThrowsIsThrown) {
  auto medium = std::make_shared<test::RangedMedium>();
  medium->bytes = test::read_file(kFolder + "/many.onnx");
  medium->on_read = [](int64_t, int64_t) { throw Error(ErrorCode::kIo, "the line is cut"); };
  const auto bytes = std::make_shared<test::RangedSource>("x.onnx", medium);
  for (const auto& action : std::initializer_list<std::function<void()>>{
           [&] { catalogs.formats.get("onnx").open({.bytes = bytes}); },
           [&] { catalogs.formats.get("onnx").matches(*bytes); }}) {
    test::expect_error(ErrorCode::kIo, testing::_, action);
  }
}

}  // namespace
}  // namespace ferrum
