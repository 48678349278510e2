// What a GGUF file may and may not say.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class GgufTest : public testing::Test {
 protected:
  WeightSource source(const std::string& bytes) const {
    return WeightSource::memory(borrow_bytes(bytes), "x.gguf", "gguf");
  }
  WeightMetadata open(const std::string& bytes) { return loader->get_metadata(source(bytes)); }

  void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    test::expect_error(code, AllOf(HasSubstr("x.gguf"), what), [&] { open(bytes); });
  }
  void expect_refused(const GgufBytes& file, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    expect_refused(file.bytes(), what, code);
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(GgufTest, AFileOfNothingIsAFile) {
  const WeightMetadata metadata = open(GgufBytes().bytes());
  EXPECT_EQ(metadata.format, "gguf");
  EXPECT_TRUE(metadata.tensors.empty());
}

TEST_F(GgufTest, VersionTwoIsReadOthersAreNamed) {
  GgufBytes file;
  file.tensor("x", {2}, 0, 0).data(std::string(8, '\0'));
  for (const uint32_t version : {2u, 3u}) {
    file.version = version;
    EXPECT_EQ(open(file.bytes()).tensors.size(), 1u);
  }
  for (const uint32_t version : {0u, 1u, 4u, 0x01000003u}) {
    file.version = version;
    const bool swapped = (version & 0xffff) == 0;
    expect_refused(file, HasSubstr(swapped ? "big-endian" : "version " + std::to_string(version)),
                   ErrorCode::kUnsupported);
  }
  file.version = 0x03000000;
  expect_refused(file, HasSubstr("big-endian"), ErrorCode::kUnsupported);
}

TEST_F(GgufTest, ShapesAreOutermostFirstAndScalarsHaveNone) {
  GgufBytes file;
  file.tensor("matrix", {3, 2}, 0, 0).tensor("scalar", {}, 24, 32).tensor("none", {0, 5}, 0, 64);
  file.data(std::string(64, '\0'));
  const WeightMetadata metadata = open(file.bytes());
  EXPECT_EQ(to_string(metadata.tensors.at("matrix").shape), "[2, 3]");
  EXPECT_EQ(to_string(metadata.tensors.at("scalar").shape), "[]");
  EXPECT_EQ(metadata.tensors.at("scalar").size_bytes, 1);
  EXPECT_EQ(to_string(metadata.tensors.at("none").shape), "[5, 0]");
  EXPECT_EQ(metadata.tensors.at("none").size_bytes, 0);
  const Tensor none =
      loader->load_tensor({"none", {}, {}, Device::cpu(), source(file.bytes()), {}});
  EXPECT_EQ(none.numel(), 0);
}

TEST_F(GgufTest, EveryTruncationIsRefused) {
  GgufBytes file;
  file.key("a", GgufBytes::kText, GgufBytes::text("value"))
      .key("b", GgufBytes::kList, GgufBytes::list<std::string>(GgufBytes::kText, {"x", "yz"}))
      .key("c", GgufBytes::kList, GgufBytes::list(GgufBytes::kI32, std::vector<int32_t>(100, 1)))
      .tensor("t", {32}, 8, 0)
      .data(std::string(34, 'x'));
  const std::string whole = file.bytes();
  open(whole);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(open(whole.substr(0, size)), Error) << size;
  }
}

TEST_F(GgufTest, CountsThatTheFileCannotHoldAreRefused) {
  for (const uint64_t count : {uint64_t{1} << 62, ~uint64_t{0}, uint64_t{1} << 63, uint64_t{9}}) {
    GgufBytes tensors, keys;
    tensors.tensors = count;
    expect_refused(tensors, HasSubstr("tensors"));
    keys.keys = count;
    expect_refused(keys, HasSubstr("keys"));
  }
}

TEST_F(GgufTest, TextsThatTheFileCannotHoldAreRefused) {
  for (const uint64_t length : {uint64_t{1} << 63, ~uint64_t{0}, uint64_t{1} << 30}) {
    const std::string claim = GgufBytes::number(length) + "abc";
    expect_refused(GgufBytes().key("k", GgufBytes::kText, claim), HasSubstr("'k'"));
    const std::string list = GgufBytes::number<uint32_t>(GgufBytes::kText) +
                             GgufBytes::number<uint64_t>(1) + claim;
    expect_refused(GgufBytes().key("k", GgufBytes::kList, list), HasSubstr("'k'"));
    std::string name = GgufBytes().bytes();
    name[8] = 1;  // a tensor whose name has that length
    expect_refused(name + claim + std::string(64, '\0'), HasSubstr("tensor 0"));
  }
}

TEST_F(GgufTest, ListsThatTheFileCannotHoldAreRefused) {
  for (const uint64_t count : {uint64_t{1} << 62, ~uint64_t{0}, uint64_t{1} << 31}) {
    for (const uint32_t type : {GgufBytes::kF32, GgufBytes::kText, GgufBytes::kBool}) {
      const std::string list = GgufBytes::number(type) + GgufBytes::number(count) + "abcdefgh";
      expect_refused(GgufBytes().key("k", GgufBytes::kList, list), HasSubstr("'k'"));
    }
  }
}

TEST_F(GgufTest, ListsOfListsAndUnknownTypesAreRefused) {
  const std::string nested = GgufBytes::number<uint32_t>(GgufBytes::kList) +
                             GgufBytes::number<uint64_t>(1) + std::string(12, '\0');
  expect_refused(GgufBytes().key("k", GgufBytes::kList, nested), HasSubstr("list of lists"));
  expect_refused(GgufBytes().key("k", 13, "abcd"), HasSubstr("unknown type 13"));
  const std::string unknown = GgufBytes::number<uint32_t>(99) + GgufBytes::number<uint64_t>(0);
  expect_refused(GgufBytes().key("k", GgufBytes::kList, unknown), HasSubstr("unknown type 99"));
  expect_refused(GgufBytes().key("k", GgufBytes::kBool, "\2"), HasSubstr("bool of 2"));
}

TEST_F(GgufTest, NamesAreUniqueTextsOfBoundedLength) {
  const std::string one = GgufBytes::number<uint32_t>(1);
  expect_refused(GgufBytes().key("k", GgufBytes::kU32, one).key("k", GgufBytes::kU32, one),
                 HasSubstr("the key 'k' twice"));
  expect_refused(GgufBytes().key("", GgufBytes::kU32, one), HasSubstr("empty"));
  expect_refused(GgufBytes().key("\xff", GgufBytes::kU32, one), HasSubstr("UTF-8"));
  expect_refused(GgufBytes().key("k", GgufBytes::kText, GgufBytes::text("\xc3")),
                 HasSubstr("'k' is not UTF-8"));
  expect_refused(GgufBytes().key(std::string(65536, 'k'), GgufBytes::kU32, one),
                 HasSubstr("65536"));
  expect_refused(GgufBytes().tensor("t", {0}, 0, 0).tensor("t", {0}, 0, 0),
                 HasSubstr("tensor 't' is there twice"));
  expect_refused(GgufBytes().tensor("", {0}, 0, 0), HasSubstr("empty"));
  expect_refused(GgufBytes().tensor("\xff", {0}, 0, 0), HasSubstr("UTF-8"));
  expect_refused(GgufBytes().tensor(std::string(64, 't'), {0}, 0, 0), HasSubstr("64 bytes"));
  open(GgufBytes().tensor(std::string(63, 't'), {0}, 0, 0).bytes());
}

TEST_F(GgufTest, ShapesWhoseProductWrapsAreRefused) {
  const int64_t big = int64_t{1} << 32;
  const auto wraps = HasSubstr("tensor 't'");
  expect_refused(GgufBytes().tensor("t", {big, big}, 0, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {0, big, big}, 0, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {big, int64_t{1} << 29}, 28, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {INT64_MAX}, 24, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {256, int64_t{1} << 55}, 15, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {-1}, 0, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {-32, -1}, 2, 0), wraps);
  expect_refused(GgufBytes().tensor("t", {1, 1, 1, 1, 1}, 0, 0), HasSubstr("5 dimensions"));
}

TEST_F(GgufTest, RowsAreWholeBlocks) {
  expect_refused(GgufBytes().tensor("t", {48, 2}, 8, 0), HasSubstr("rows of 48"));
  expect_refused(GgufBytes().tensor("t", {128, 2}, 12, 0), HasSubstr("blocks of 256"));
  expect_refused(GgufBytes().tensor("t", {}, 2, 0), HasSubstr("rows of 1"));
}

TEST_F(GgufTest, TypesThatWereRemovedOrAreToComeAreNamed) {
  for (const uint32_t type : {4u, 5u, 31u, 33u, 36u, 38u, 43u, 1'000'000u, ~0u}) {
    expect_refused(GgufBytes().tensor("t", {32}, type, 0),
                   HasSubstr("tensor 't' has elements of type " + std::to_string(type) + ","),
                   ErrorCode::kUnsupported);
  }
}

TEST_F(GgufTest, TensorsFollowOneAnotherInsideTheFile) {
  const auto file = [](uint64_t second, size_t data_bytes) {
    GgufBytes bytes;
    bytes.tensor("a", {3}, 0, 0).tensor("b", {2}, 0, second).data(std::string(data_bytes, '\0'));
    return bytes;
  };
  open(file(32, 40).bytes());
  open(file(32, 64).bytes());  // padded behind the last
  expect_refused(file(32, 39), HasSubstr("past the end"));
  for (const uint64_t offset : {uint64_t{0}, uint64_t{12}, uint64_t{64}, ~uint64_t{0}}) {
    expect_refused(file(offset, 128), HasSubstr("'b' begins at byte " + std::to_string(offset)));
  }
  GgufBytes far;
  far.tensor("a", {int64_t{1} << 40}, 0, 0);
  expect_refused(far, HasSubstr("past the end"));
}

TEST_F(GgufTest, AlignmentIsAPowerOfTwo) {
  const auto file = [](uint32_t alignment, size_t padding) {
    GgufBytes bytes;
    bytes.alignment = padding;
    bytes.key("general.alignment", GgufBytes::kU32, GgufBytes::number(alignment))
        .tensor("a", {1}, 24, 0)
        .tensor("b", {1}, 24, alignment)
        .data(std::string(alignment <= 64 ? alignment + 1 : 1, 'x'));
    return bytes;
  };
  for (const uint32_t alignment : {1u, 8u, 64u}) {
    EXPECT_EQ(open(file(alignment, alignment).bytes()).tensors.size(), 2u) << alignment;
  }
  for (const uint32_t alignment : {0u, 3u, 33u, 1u << 31, ~0u}) {
    expect_refused(file(alignment, 32), HasSubstr("general.alignment is " +
                                                  std::to_string(alignment)));
  }
  expect_refused(GgufBytes().key("general.alignment", GgufBytes::kI32, GgufBytes::number(32)),
                 HasSubstr("must be of type u32, and is i32"));
}

TEST_F(GgufTest, ValuesThatAreKeptHaveABudget) {
  const std::string text(int64_t{1} << 20, 'x');
  GgufBytes file;
  for (int i = 0; i < 65; ++i) {
    file.key("k" + std::to_string(i), GgufBytes::kText, GgufBytes::text(text));
  }
  expect_refused(file, HasSubstr("keys and values have more than"));
}

TEST_F(GgufTest, OptionsAreItsOwn) {
  WeightSource options = source(GgufBytes().bytes());
  options.format_options = {{"naems", "transformers"}};
  EXPECT_THROW(loader->get_metadata(options), Error);
  options.format_options = {{"names", "pytorch"}};
  EXPECT_THROW(loader->get_metadata(options), Error);
}

}  // namespace
}  // namespace ferrum
