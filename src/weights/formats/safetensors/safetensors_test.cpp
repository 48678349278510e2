// What a safetensors header may and may not say.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "support/safetensors_bytes.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SafetensorsTest : public testing::Test {
 protected:
  // `name` decides where the content does not.
  WeightMetadata open(const std::string& bytes, std::string name = "x.safetensors") {
    return loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), std::move(name)));
  }
  WeightMetadata open_header(const std::string& header, size_t data_bytes) {
    return open(safetensors_bytes(header, std::string(data_bytes, '\0')));
  }

  void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    test::expect_error(code, what, [&] { open(bytes); });
  }
  void expect_header_refused(const std::string& header, size_t data_bytes,
                             const testing::Matcher<std::string>& what) {
    SCOPED_TRACE(header.substr(0, 200));
    expect_refused(safetensors_bytes(header, std::string(data_bytes, '\0')), what);
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data_offsets":)" + offsets + "}";
}

TEST_F(SafetensorsTest, ReadsAnyOrderWhitespaceScalarsAndEmptyTensors) {
  const std::string header =
      " \n{" + tensor("late", "F16", "[2]", "[4,8]") + ",\"__metadata__\":{\"k\":\"v\"}, " +
      tensor("scalar", "F32", "[]", "[0,4]") + "," + tensor("none", "I64", "[0,7]", "[4,4]") +
      "}\t ";
  const WeightMetadata metadata = open_header(header, 8);
  EXPECT_EQ(metadata.format, "safetensors");
  EXPECT_EQ(metadata.total_size_bytes, 8);
  EXPECT_EQ(metadata.extra["k"], "v");
  EXPECT_EQ(metadata.tensors.at("scalar").shape, Shape{});
  EXPECT_EQ(metadata.tensors.at("none").size_bytes, 0);
  EXPECT_EQ(metadata.tensors.at("late").shape, Shape{2});
  EXPECT_TRUE(open_header("{}", 0).tensors.empty());
}

TEST_F(SafetensorsTest, PackedTypesCountElementsAndEndOnABytesEdge) {
  const WeightMetadata metadata = open_header("{" + tensor("a", "F4", "[3,2]", "[0,3]") + "," +
                                                  tensor("b", "F6_E2M3", "[4]", "[3,6]") + "," +
                                                  tensor("c", "F6_E3M2", "[8]", "[6,12]") + "}",
                                              12);
  EXPECT_EQ(metadata.tensors.at("a").dtype, DataType::kF4E2M1);
  EXPECT_EQ(metadata.tensors.at("b").dtype, DataType::kF6E2M3);
  EXPECT_EQ(metadata.tensors.at("c").dtype, DataType::kF6E3M2);
  expect_header_refused("{" + tensor("w", "F4", "[3]", "[0,2]") + "}", 2,
                        AllOf(HasSubstr("\"w\""), HasSubstr("inside a byte")));
  expect_header_refused("{" + tensor("w", "F6_E2M3", "[3]", "[0,3]") + "}", 3,
                        HasSubstr("inside a byte"));
}

TEST_F(SafetensorsTest, HeaderLengthsAreCheckedBeforeAnythingIsAllocated) {
  const int64_t before = peak_rss_bytes();
  expect_refused(safetensors_bytes(uint64_t{1} << 63, "{}"), HasSubstr("9223372036854775808"));
  expect_refused(safetensors_bytes(uint64_t{100'000'001}, "{}"), HasSubstr("at most 100000000"));
  expect_refused(safetensors_bytes(uint64_t{99'000'000}, "{}"), HasSubstr("reaches past its end"));
  expect_refused(safetensors_bytes(uint64_t{3}, "{}"), HasSubstr("reaches past its end"));
  expect_refused("1234567", HasSubstr("only 7 bytes"));
  expect_refused("", HasSubstr("only 0 bytes"));
  EXPECT_LT(peak_rss_bytes() - before, int64_t{4} << 20);
}

TEST_F(SafetensorsTest, ManyTensorsOnOneRangeAreRefusedAtTheSecond) {
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i) {
    header += tensor("t" + std::to_string(i), "U8", "[1024]", "[0,1024]") + ",";
  }
  header.back() = '}';
  const std::string bytes = safetensors_bytes(header, std::string(1024, '\0'));
  const int64_t before = peak_rss_bytes();
  expect_refused(bytes, AllOf(HasSubstr("overlap"), HasSubstr("\"t1\"")));
  EXPECT_LT(peak_rss_bytes() - before, int64_t{2} << 20);
}

TEST_F(SafetensorsTest, TheNumberOfTensorsIsBounded) {
  std::string header = "{";
  for (int i = 0; i <= 500'000; ++i) {
    header += tensor(std::to_string(i), "U8", "[0]", "[0,0]") + ",";
  }
  header.back() = '}';
  expect_refused(safetensors_bytes(header, ""), HasSubstr("more than 500000 tensors"));
}

TEST_F(SafetensorsTest, ShapesThatOverflowNameTheTensor) {
  for (const char* shape : {"[2,18446744073709551614]", "[2,9223372036854775807]",
                            "[2,9223372036854775808]", "[4294967296,4294967296]",
                            "[0,4294967296,4294967296]", "[4611686018427387904]"}) {
    expect_header_refused("{" + tensor("w", "F32", shape, "[0,4]") + "}", 4, HasSubstr("\"w\""));
  }
}

TEST_F(SafetensorsTest, NumbersArePlainIntegers) {
  for (const char* shape : {"[-1]", "[1.0]", "[1e3]", "[1e0]", "[-0]", "[true]", "[null]",
                            "[\"1\"]", "[[1]]", "[{}]", "[99999999999999999999999]"}) {
    expect_header_refused("{" + tensor("w", "F32", shape, "[0,4]") + "}", 4, HasSubstr("\"w\""));
  }
  for (const char* offsets : {"[0]", "[0,4,4]", "[]", "[4,0]", "[0,8]", "[0,4.0]", "[-4,0]"}) {
    expect_header_refused("{" + tensor("w", "F32", "[1]", offsets) + "}", 4, HasSubstr("\"w\""));
  }
}

TEST_F(SafetensorsTest, StructureIsStrict) {
  const std::string good = tensor("w", "F32", "[1]", "[0,4]");
  EXPECT_EQ(open_header("{" + good + "}", 4).tensors.size(), 1u);
  expect_header_refused("{" + good + "," + good + "}", 8, HasSubstr("twice (tensor \"w\""));
  expect_header_refused(
      R"({"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4,
      HasSubstr("twice"));
  expect_header_refused(R"({"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4,
                        HasSubstr("twice"));
  expect_header_refused(R"({"__metadata__":{"a":"1","a":"2"}})", 0, HasSubstr("twice"));
  expect_header_refused(R"({"__metadata__":{},"__metadata__":{}})", 0, HasSubstr("twice"));
  expect_header_refused(R"({"__metadata__":{"a":1}})", 0, HasSubstr("__metadata__"));
  expect_header_refused(R"({"__metadata__":{"a":{}}})", 0, HasSubstr("an object"));
  expect_header_refused(R"({"w":{"dtype":"F32","shape":[1]}})", 0, HasSubstr("lacks"));
  expect_header_refused(R"({"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4,
                        AllOf(HasSubstr("unknown dtype \"F33\""), HasSubstr("\"w\"")));
  expect_header_refused(R"({"w":{"x":1}})", 0, HasSubstr("\"w\""));
  expect_header_refused(R"({"w":[1]})", 0, HasSubstr("an array"));
  expect_header_refused(R"({"w":"F32"})", 0, HasSubstr("a string"));
  for (const char* text : {"[]", "1", "\"x\"", "null", "", " ", "{", "{}{}", "{}x", "{\"a\"}"}) {
    expect_header_refused(text, 0, HasSubstr("x.safetensors"));
  }
  expect_header_refused("\xef\xbb\xbf{}", 0, HasSubstr("does not begin with"));
  expect_header_refused(std::string("{}\0<html>", 9), 0, HasSubstr("NUL"));
}

TEST_F(SafetensorsTest, NestingEncodingAndTokensAreBounded) {
  expect_header_refused("{\"w\":" + std::string(100'000, '['), 0, HasSubstr("\"w\""));
  expect_header_refused("{\"w\":{\"shape\":" + std::string(100'000, '['), 0, HasSubstr("an array"));
  expect_header_refused(std::string(1'000'000, '['), 0, HasSubstr("an array"));
  expect_header_refused("{" + tensor("\\ud800", "U8", "[1]", "[0,1]") + "}", 1,
                        HasSubstr("not valid JSON"));
  expect_header_refused("{" + tensor("\xff", "U8", "[1]", "[0,1]") + "}", 1,
                        HasSubstr("not valid JSON"));
  expect_header_refused("{\"" + std::string((16 << 20) + 2, 'a') + "\":0}", 0, HasSubstr("16 MiB"));
  test::expect_error(ErrorCode::kUnsupported, HasSubstr("\"w\""), [&] {
    open_header("{" + tensor("w", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") + "}", 1);
  });
}

TEST_F(SafetensorsTest, TensorsFillTheDataExactly) {
  const std::string two =
      "{" + tensor("a", "U8", "[4]", "[0,4]") + "," + tensor("b", "U8", "[4]", "[4,8]") + "}";
  EXPECT_EQ(open_header(two, 8).tensors.size(), 2u);
  expect_header_refused(two, 9, HasSubstr("1 bytes after its last tensor"));
  expect_header_refused(two, 7, HasSubstr("outside its 7 bytes"));
  expect_header_refused("{}", 5, HasSubstr("5 bytes after"));
  expect_header_refused("{" + tensor("a", "U8", "[3]", "[0,3]") + "," +
                            tensor("b", "U8", "[4]", "[4,8]") + "}", 8,
                        AllOf(HasSubstr("a hole"), HasSubstr("\"b\"")));
  expect_header_refused("{" + tensor("a", "U8", "[4]", "[1,5]") + "}", 5, HasSubstr("a hole"));
  expect_header_refused("{" + tensor("a", "U8", "[4]", "[0,4]") + "," +
                            tensor("b", "U8", "[4]", "[2,6]") + "}", 8,
                        AllOf(HasSubstr("an overlap"), HasSubstr("\"b\"")));
  expect_header_refused("{" + tensor("w", "F32", "[2]", "[0,4]") + "}", 4,
                        HasSubstr("do not hold dtype and shape"));
}

TEST_F(SafetensorsTest, WhatIsNoWeightFileIsCalledByItsName) {
  expect_refused("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n",
                 AllOf(HasSubstr("Git-LFS pointer"), HasSubstr("git lfs pull")));
  expect_refused("\n<!DOCTYPE html><html><body>Log in</body></html>", HasSubstr("an HTML page"));
  expect_refused("\x80\2}q\1(X\5\0\0\0...", HasSubstr("pickle"));
  expect_refused(std::string("\x1f\x8b\x08\0\0\0\0\0\0\0", 10), HasSubstr("gunzip"));
  expect_refused(std::string("GGUF\3\0\0\0\0\0\0\0", 12), HasSubstr("GGUF"));
  try {
    open("no weights at all", "readme.md");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(std::string(error.what()),
                AllOf(HasSubstr("no known weight format"), HasSubstr("safetensors")));
  }
}

}  // namespace
}  // namespace ferrum
