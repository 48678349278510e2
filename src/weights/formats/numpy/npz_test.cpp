// Archives of arrays, and arrays of what NumPy calls void (tools/make_numpy_references.py).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/loader_fixture.h"
#include "support/temp_folder.h"
#include "support/zip_bytes.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/numpy/";
constexpr int64_t kRows = 600, kColumns = 1000;  // of large.npz

std::string npy(const std::string& descr, const std::string& shape, const std::string& data) {
  const std::string literal =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}\n";
  return "\x93NUMPY\1" + std::string(1, '\0') +
         little_endian(static_cast<uint16_t>(literal.size())) + literal + data;
}

class NpzTest : public test::LoaderFixture {
 protected:
  WeightSource memory(const std::string& bytes) {
    return WeightSource::memory(borrow_bytes(bytes), "x.npz");
  }
  void expect_refused(const WeightSource& source, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    test::expect_error(code, what, [&] {
      open_all(source);
      for (const auto& [name, info] : loader->get_metadata(source).tensors) load(source, name);
    });
  }
};

TEST_F(NpzTest, EveryArrayIsReadBitForBitFromFileMemoryAndRanges) {
  const Json listing = Json::parse(test::read_file(kFolder + "archives.json"));
  ASSERT_EQ(listing.size(), 18u);
  for (const std::string archive : {"stored.npz", "deflated.npz"}) {
    const std::string path = kFolder + archive, bytes = test::read_file(path);
    const WeightMetadata metadata = loader->get_metadata(WeightSource::file(path));
    EXPECT_EQ(metadata.format, "numpy");
    EXPECT_EQ(metadata.tensors.size(), listing.size());
    for (const auto& [name, expected] : listing.items()) {
      SCOPED_TRACE(archive + " " + name);
      expect_is(load(WeightSource::file(path), name), expected);
      expect_is(load(memory(bytes), name), expected);
      expect_is(load(test::ranged_file(path), name), expected);
      const TensorInfo& info = metadata.tensors.at(name);
      EXPECT_EQ(info.encoding, archive == "stored.npz" ? "" : "deflate");
      EXPECT_EQ(info.stored_bytes > 0, archive == "deflated.npz");
    }
  }
}

// Whether `tensor` holds i % 251 for every i of `rows` and `columns` of the whole.
bool counts(const Tensor& tensor, int64_t first_row, int64_t first_column) {
  const auto* values = tensor.data<int32_t>();
  for (int64_t row = 0; row < tensor.dim(0); ++row) {
    for (int64_t column = 0; column < tensor.dim(1); ++column) {
      const int64_t i = (first_row + row) * kColumns + first_column + column;
      if (*values++ != i % 251) return false;
    }
  }
  return true;
}

TEST_F(NpzTest, LargeArraysAreInflatedOnceInWhicheverOrder) {
  const auto medium = std::make_shared<test::RangedMedium>();
  medium->bytes = test::read_file(kFolder + "large.npz");
  const auto size = static_cast<int64_t>(medium->bytes.size());
  WeightCatalogs ranged = create_weight_catalogs();
  test::add_ranged_medium(ranged.sources, "x.npz", medium);
  const auto remote = create_weight_loader(ranged, factory);
  WeightSource source;
  source.kind = "ranged";
  remote->get_metadata(source);

  const auto rows = TensorTransformation::slice(0, 100, 400);
  const auto columns = TensorTransformation::slice(1, 300, 303);
  for (const std::string name : {"rows", "columns", "swapped"}) {
    SCOPED_TRACE(name);
    for (const auto& [transformations, first_row, first_column] :
         std::vector<std::tuple<std::vector<TensorTransformation>, int, int>>{
             {{}, 0, 0}, {{rows}, 100, 0}, {{columns}, 0, 300}, {{rows, columns}, 100, 300}}) {
      const int64_t before = medium->bytes_read;
      const Tensor part = remote->load_tensor(
          {name, std::nullopt, std::nullopt, Device::cpu(), source, transformations});
      EXPECT_TRUE(counts(part, first_row, first_column));
      EXPECT_LT(medium->bytes_read - before, size);
    }
  }
}

TEST_F(NpzTest, WhatWeWriteIsMapped) {
  const test::TempFolder folder;
  const std::string path = (folder.path() / "x.npz").string();
  const auto writer = create_weight_writer(
      catalogs.formats, {path, {{"a", DataType::kF64, {2}}, {"b", DataType::kU8, {3}}}, {}});
  writer->write("a", std::as_bytes(std::span("0123456789abcdef", 16)));
  writer->write("b", std::as_bytes(std::span("xyz", 3)));
  writer->finish();
  const Tensor a = load(WeightSource::file(path), "a"), b = load(WeightSource::file(path), "b");
  EXPECT_EQ(std::memcmp(a.raw_data(), "0123456789abcdef", 16), 0);
  EXPECT_EQ(std::memcmp(b.raw_data(), "xyz", 3), 0);
  EXPECT_EQ(factory.allocations, 0);
}

TEST_F(NpzTest, TheFirstEntryTellsWhetherItIsOfArrays) {
  const FormatPart& numpy = catalogs.formats.get("numpy");
  const auto matches = [&](const std::string& bytes) {
    const test::RangedBytes source("x", bytes);
    const bool result = numpy.matches(source);
    EXPECT_LT(source.bytes_read(), 200) << "the directory is not needed";
    return result;
  };
  const ZipPiece array{.name = "a.npy", .data = npy("<f4", "()", "1234")};
  const ZipPiece text{.name = "readme.txt", .data = "text"};
  EXPECT_TRUE(matches(test::read_file(kFolder + "stored.npz")));
  EXPECT_TRUE(matches(test::read_file(kFolder + "deflated.npz")));
  ZipPiece streamed = array;
  streamed.flags = 8;  // sizes follow the data
  EXPECT_TRUE(matches(zip_bytes({streamed})));
  const std::string bytes = zip_bytes({streamed});
  EXPECT_EQ(load(WeightSource::memory(borrow_bytes(bytes), "x"), "a").numel(), 1);
  EXPECT_FALSE(matches(zip_bytes({text, array})));
  EXPECT_TRUE(matches(zip_bytes({})));
  EXPECT_FALSE(matches(test::read_file(kFolder + "../zip/torch.pt")));
  const std::string cut = zip_bytes({array});
  for (size_t size = 0; size < 35; ++size) EXPECT_FALSE(matches(cut.substr(0, size))) << size;

  expect_refused(memory(zip_bytes({array, text})), HasSubstr("'readme.txt' is not an array"));
  expect_refused(memory(zip_bytes({array}) + "x"), HasSubstr("not a usable ZIP archive"));
  EXPECT_EQ(loader->get_metadata(memory(zip_bytes({}))).tensors.size(), 0u);
}

TEST_F(NpzTest, DamageIsNamedByItsEntry) {
  const ZipPiece good{.name = "w.npy", .data = npy("<f4", "(2,)", "12345678")};
  EXPECT_EQ(load(memory(zip_bytes({good})), "w").numel(), 2);
  const auto expect_content_refused = [&](const std::string& data, const std::string& what) {
    expect_refused(memory(zip_bytes({good, {.name = "x.npy", .data = data}})),
                   AllOf(HasSubstr("'x.npy'"), HasSubstr(what)));
  };
  expect_content_refused("", "only 0 bytes");
  expect_content_refused("not an array", "does not begin");
  expect_content_refused(npy("<f4", "(2,)", "1234567"), "has 8 bytes, the file 7");
  expect_content_refused(npy("<f4", "(2,)", "123456789"), "the file 9");
  expect_refused(memory(zip_bytes({good, good})), HasSubstr("two entries 'w.npy'"));

  // What inflates to less or more than was declared, or to something else.
  const std::string array = npy("|u1", "(100000,)", std::string(100'000, 'x'));
  const auto crc = static_cast<uint32_t>(crc32(
      0, reinterpret_cast<const Bytef*>(array.data()), static_cast<uInt>(array.size())));
  const auto size = static_cast<uint32_t>(array.size());
  ZipPiece packed{.name = "x.npy", .data = deflated(array), .method = 8, .bytes = size,
                  .crc32 = crc};
  EXPECT_EQ(load(memory(zip_bytes({packed})), "x").numel(), 100'000);
  packed.crc32 = crc ^ 1;
  expect_refused(memory(zip_bytes({packed})), AllOf(HasSubstr("'x'"), HasSubstr("CRC-32")));
  packed.data = deflated(array.substr(0, 50'000));
  expect_refused(memory(zip_bytes({packed})), HasSubstr("inflates to 50000 bytes"));
  packed.data = deflated(array + std::string(10'000'000, 'x'));
  expect_refused(memory(zip_bytes({packed})), HasSubstr("more than the"));
}

TEST_F(NpzTest, WhatIsNoTensorIsListedBesideThoseThatAre) {
  const std::string bytes =
      zip_bytes({{.name = "w.npy", .data = npy("<f4", "(1,)", "1234")},
                 {.name = "c.npy", .data = npy("<c16", "(1,)", std::string(16, 'c'))},
                 {.name = "objects.npy", .data = npy("|O", "(1,)", "cos\nsystem")},
                 {.name = "texts.npy", .data = npy("<U3", "(1,)", std::string(12, 't'))}});
  const WeightMetadata metadata = loader->get_metadata(memory(bytes));
  EXPECT_EQ(metadata.tensors.size(), 1u);
  EXPECT_EQ(load(memory(bytes), "w").dtype(), DataType::kF32);
  EXPECT_EQ(metadata.unreadable.size(), 3u);
  for (const auto& [name, what] : {std::pair("c", "\"<c16\""), std::pair("texts", "\"<U3\""),
                                   std::pair("objects", "never loaded")}) {
    EXPECT_THAT(metadata.unreadable.at(name), HasSubstr(what));
    test::expect_error(ErrorCode::kUnsupported,
                       AllOf(HasSubstr(std::string("tensor '") + name), HasSubstr(what)),
                       [&] { load(memory(bytes), name); });
  }
  EXPECT_EQ(Json(Json(metadata).get<WeightMetadata>()), Json(metadata));
}

TEST_F(NpzTest, VoidElementsAreWhatTheOptionSays) {
  const Json listing = Json::parse(test::read_file(kFolder + "void/expected.json"));
  ASSERT_EQ(listing.size(), 4u);
  for (const auto& [name, expected] : listing.items()) {
    WeightSource source = WeightSource::file(kFolder + "void/" + name + ".npy");
    expect_refused(source, AllOf(HasSubstr("does not say what its bytes mean"),
                                 HasSubstr("format option \"dtype\"")),
                   ErrorCode::kUnsupported);
    source.format_options = {{"dtype", name}};
    expect_is(load(source, name), expected);
    source.format_options = {{"dtype", "f32"}};
    expect_refused(source, HasSubstr("f32 is of another size"), ErrorCode::kInvalidArgument);
    source.format_options = {{"dtype", "i4"}};
    expect_refused(source, HasSubstr("i4 is of another size"), ErrorCode::kInvalidArgument);
    source.format_options = {{"kind", name}};
    expect_refused(source, HasSubstr("kind"), ErrorCode::kInvalidArgument);
  }
  const std::string mixed =
      zip_bytes({{.name = "a.npy", .data = npy(">V2", "(1,)", "\x3f\x80")},
                 {.name = "b.npy", .data = npy("<f4", "(1,)", "1234")}});
  WeightSource source = memory(mixed);
  source.format_options = {{"dtype", "bf16"}};
  EXPECT_EQ(load(source, "a").data<BFloat16>()[0].bits, 0x3f80);
  EXPECT_EQ(load(source, "b").dtype(), DataType::kF32);
}

}  // namespace
}  // namespace ferrum
