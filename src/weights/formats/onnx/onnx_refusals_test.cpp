// What an ONNX file may not say.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"
#include "weights/formats/onnx/onnx_bytes.h"

namespace ferrum {
namespace {

using test::bytes_field;
using test::data_type;
using test::dims;
using test::field;
using test::initializer;
using test::model_of_graph;
using test::model_of_tensor;
using test::name;
using test::number_field;
using test::raw_data;
using test::varint;
using testing::AllOf;
using testing::HasSubstr;

class OnnxRefusalsTest : public testing::Test {
 protected:
  WeightMetadata open(const std::string& bytes) {
    return loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), "x.onnx"));
  }
  void load(const std::string& bytes) {
    loader->load_tensor({"w",
                         std::nullopt,
                         std::nullopt,
                         Device::cpu(),
                         WeightSource::memory(borrow_bytes(bytes), "x.onnx"),
                         {}});
  }
  // It is listed, and why it cannot be loaded.
  void expect_unreadable(const std::string& tensor, const testing::Matcher<std::string>& what) {
    const std::string bytes = model_of_tensor(tensor + name("w"));
    EXPECT_TRUE(open(bytes).tensors.empty());
    EXPECT_THAT(open(bytes).unreadable.at("w"), what);
    test::expect_error(ErrorCode::kUnsupported, AllOf(HasSubstr("tensor 'w'"), what),
                       [&] { load(bytes); });
  }
  void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    test::expect_error(code, AllOf(HasSubstr("x.onnx"), what), [&] { open(bytes); });
  }
  void expect_tensor_refused(const std::string& tensor, const testing::Matcher<std::string>& what,
                             ErrorCode code = ErrorCode::kInvalidFormat) {
    expect_refused(model_of_tensor(tensor + name("w")), AllOf(HasSubstr("tensor \"w\""), what),
                   code);
  }
  // The directory is right, the elements are not.
  void expect_load_refused(const std::string& tensor, const testing::Matcher<std::string>& what) {
    const std::string bytes = model_of_tensor(tensor + name("w"));
    EXPECT_EQ(open(bytes).tensors.size(), 1u);
    test::expect_error(ErrorCode::kInvalidFormat, AllOf(HasSubstr("tensor 'w'"), what),
                       [&] { load(bytes); });
  }

  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

const std::string kTwoFloats = dims({2}) + data_type(test::kFloat);

TEST_F(OnnxRefusalsTest, AFileThatEndsAnywhereIsRefused) {
  const std::string whole =
      model_of_graph(bytes_field(1, bytes_field(2, "y") + bytes_field(4, "Constant")) +
                     initializer(kTwoFloats + bytes_field(4, "12345678") + name("w")));
  EXPECT_EQ(open(whole).tensors.size(), 1u);
  for (size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    expect_refused(whole.substr(0, size), HasSubstr("x.onnx"));
  }
  expect_refused(whole + '\x3a', HasSubstr("cut off"));
}

TEST_F(OnnxRefusalsTest, FieldsAreInsideTheirMessages) {
  for (const char kind : {3, 4, 6, 7}) {
    expect_refused(number_field(1, 10) + field(7, kind, ""), HasSubstr("unknown kind"));
  }
  expect_refused(number_field(1, 10) + field(0, 2, ""), HasSubstr("no field of number 0"));
  expect_refused(number_field(1, 10) + varint(uint64_t{1} << 33), HasSubstr("no field of number"));
  expect_refused(number_field(1, 10) + std::string(11, '\xff'), HasSubstr("too long"));
  for (const uint64_t length : {uint64_t{1}, uint64_t{1} << 31, uint64_t{1} << 63, ~uint64_t{0}}) {
    expect_refused(number_field(1, 10) + field(7, 2, varint(length)), HasSubstr("reaches past"));
    // Inside the file, and outside of the graph.
    expect_refused(model_of_graph(field(5, 2, varint(length))) + bytes_field(6, "text"),
                   HasSubstr("reaches past"));
  }
  expect_refused(model_of_graph(field(5, 2, "\x80")) + bytes_field(6, "text"),
                 HasSubstr("cut off"));
  expect_refused(number_field(1, 10) + number_field(7, 1), HasSubstr("field 7 is a number"));
  expect_refused(bytes_field(1, "a") + bytes_field(7, ""), HasSubstr("not a plain number"));
}

TEST_F(OnnxRefusalsTest, AModelHasOneGraphOfNamedTensors) {
  EXPECT_TRUE(open(model_of_graph("")).tensors.empty());
  expect_refused(number_field(1, 10), HasSubstr("no graph"));
  expect_refused(model_of_graph("") + bytes_field(7, ""), HasSubstr("two graphs"));
  const std::string values = kTwoFloats + raw_data("12345678");
  expect_refused(model_of_tensor(values), HasSubstr("no name"));
  expect_refused(model_of_tensor(values + name("")), HasSubstr("no name"));
  const std::string tensor = initializer(values + name("w"));
  const std::string text = initializer(dims({1}) + data_type(8) + name("w"));
  for (const std::string& twice : {tensor + tensor, tensor + text, text + tensor, text + text}) {
    expect_refused(model_of_graph(twice), HasSubstr("two tensors are named \"w\""));
  }
  expect_refused(model_of_tensor(values + name("w") + name("v")), HasSubstr("name twice"));
  expect_refused(model_of_tensor(values + name("\xff")), HasSubstr("not UTF-8"));
  expect_refused(model_of_graph(bytes_field(15, "")), HasSubstr("sparse"), ErrorCode::kUnsupported);
  const std::string sparse = bytes_field(5, bytes_field(1, "sparse_value") + bytes_field(22, ""));
  expect_refused(model_of_graph(bytes_field(1, sparse)), HasSubstr("sparse"),
                 ErrorCode::kUnsupported);
}

TEST_F(OnnxRefusalsTest, ShapesAndTypesAreThoseOfTensors) {
  const std::string type = data_type(test::kFloat);
  expect_tensor_refused(dims({1}) + raw_data("1234"), HasSubstr("no data type"));
  expect_tensor_refused(dims({1}) + data_type(0), HasSubstr("no data type"));
  expect_tensor_refused(dims({1}) + type + type, HasSubstr("data_type twice"));
  expect_unreadable(dims({1}) + data_type(29), HasSubstr("unknown data type 29"));
  for (const auto& [number, text] :
       {std::pair{15, "COMPLEX128"}, std::pair{25, "UINT2"}, std::pair{26, "INT2"}}) {
    expect_unreadable(dims({1}) + data_type(number) + raw_data("1"), HasSubstr(text));
  }
  expect_unreadable(dims({1}) + data_type(8) + bytes_field(6, "text"), HasSubstr("are texts"));
  expect_unreadable(dims({1, 1, 1, 1, 1, 1, 1, 1, 1}) + type, HasSubstr("8 dimensions"));
  expect_unreadable(bytes_field(3, "") + type, HasSubstr("segment"));
  expect_tensor_refused(dims({~uint64_t{0}}) + type, HasSubstr("extent -1"));
  const uint64_t big = uint64_t{1} << 32;
  for (const std::string& shape : {dims({big, big}), dims({0, big, big}), dims({uint64_t{1} << 60}),
                                   bytes_field(1, varint(big) + varint(big))}) {
    expect_tensor_refused(shape + type, HasSubstr("63 bits"));
  }
}

TEST_F(OnnxRefusalsTest, ElementsAreInOnePlaceAndAsManyAsTheShapeNeeds) {
  const int64_t before = peak_rss_bytes();
  expect_tensor_refused(kTwoFloats, HasSubstr("0 bytes, 8 are needed"));
  expect_tensor_refused(kTwoFloats + raw_data("1234567"), HasSubstr("7 bytes, 8"));
  expect_tensor_refused(kTwoFloats + raw_data("123456789"), HasSubstr("9 bytes, 8"));
  expect_tensor_refused(dims({uint64_t{1} << 50}) + data_type(test::kFloat) + raw_data("1234"),
                        HasSubstr("4503599627370496 are needed"));
  expect_tensor_refused(dims({0}) + data_type(test::kFloat) + raw_data("1234"),
                        HasSubstr("0 are needed"));
  expect_tensor_refused(kTwoFloats + raw_data("12345678") + raw_data("12345678"),
                        HasSubstr("raw_data twice"));
  expect_tensor_refused(kTwoFloats + raw_data("12345678") + bytes_field(4, "12345678"),
                        HasSubstr("two places"));
  expect_tensor_refused(kTwoFloats + bytes_field(4, "1234") + bytes_field(5, "1"),
                        HasSubstr("fields 4 and 5"));
  expect_tensor_refused(kTwoFloats + bytes_field(10, "12345678"), HasSubstr("belong into field 4"));
  expect_tensor_refused(kTwoFloats + bytes_field(6, "12345678"), HasSubstr("string_data"));
  expect_tensor_refused(kTwoFloats + number_field(14, 1), HasSubstr("not where it lies"));
  expect_tensor_refused(kTwoFloats + bytes_field(13, bytes_field(1, "location")),
                        HasSubstr("not said to be external"));
  expect_tensor_refused(kTwoFloats + bytes_field(4, "1234"), HasSubstr("has 1 values, 2"));
  expect_tensor_refused(kTwoFloats + bytes_field(4, "12345"), HasSubstr("inside a number"));
  expect_tensor_refused(kTwoFloats + number_field(4, 1), HasSubstr("wrong kind"));
  const std::string bytes = dims({3}) + data_type(test::kInt8);
  expect_tensor_refused(bytes + bytes_field(5, "12"), HasSubstr("at most 2 values, 3"));
  expect_tensor_refused(bytes + bytes_field(5, std::string(31, '\0')),
                        HasSubstr("at least 4 and at most 31 values, 3"));
  expect_tensor_refused(dims({4}) + data_type(test::kFloat6E2M3) + bytes_field(5, "123"),
                        HasSubstr("at most 3 values, 4"));
  EXPECT_LT(peak_rss_bytes() - before, int64_t{4} << 20);
}

TEST_F(OnnxRefusalsTest, NumbersAreThoseOfTheirType) {
  const auto two = [](int type) { return dims({2}) + data_type(type); };
  const auto numbers = [](uint64_t a, uint64_t b) { return bytes_field(5, varint(a) + varint(b)); };
  expect_load_refused(two(test::kInt8) + numbers(1, 128), HasSubstr("value 128 is not one of i8"));
  expect_load_refused(two(test::kInt8) + numbers(~uint64_t{0} - 128, 1), HasSubstr("value -129"));
  expect_load_refused(two(test::kBool) + numbers(1, 2), HasSubstr("value 2 is not one of bool"));
  expect_load_refused(two(test::kFloat16) + numbers(65536, 0), HasSubstr("value 65536"));
  expect_load_refused(two(test::kInt32) + numbers(0, uint64_t{1} << 31), HasSubstr("2147483648"));
  expect_load_refused(two(test::kFloat6E2M3) + numbers(63, 64), HasSubstr("64 is not one of f6"));
  expect_load_refused(two(test::kInt32) + bytes_field(5, varint(1) + varint(2) + varint(3)),
                      HasSubstr("more values than its shape needs, 2"));
  expect_load_refused(two(test::kInt32) + bytes_field(5, varint(1000)),
                      HasSubstr("has 1 values, its shape needs 2"));
  expect_load_refused(two(test::kInt32) + bytes_field(5, "1\x80"), HasSubstr("cut off"));
  expect_load_refused(dims({1}) + data_type(test::kInt32) + bytes_field(5, std::string(10, '\xff')),
                      HasSubstr("too long"));
}

TEST_F(OnnxRefusalsTest, GraphsInGraphsAreBounded) {
  const auto nested = [](int depth) {
    std::string graph = initializer(kTwoFloats + raw_data("12345678") + name("w"));
    for (int i = 0; i < depth; ++i) {
      graph = bytes_field(
          1, bytes_field(2, "n") + bytes_field(5, bytes_field(1, "g") + bytes_field(6, graph)));
    }
    return model_of_graph(graph);
  };
  EXPECT_EQ(open(nested(2)).tensors.begin()->first, "n/g/n/g/w");
  EXPECT_EQ(open(nested(32)).tensors.size(), 1u);
  expect_refused(nested(33), HasSubstr("nested more than 32 deep"));
  expect_refused(nested(5000), HasSubstr("nested more than 32 deep"));
}

TEST_F(OnnxRefusalsTest, NamesAndTensorsAreBounded) {
  const std::string empty = dims({0}) + data_type(test::kFloat);
  std::string node = bytes_field(2, std::string(size_t{1} << 20, 'n'));
  for (int i = 0; i < 100; ++i) {
    node += bytes_field(5, bytes_field(1, std::to_string(i)) + bytes_field(5, empty));
  }
  expect_refused(model_of_graph(bytes_field(1, node)), HasSubstr("64 MiB"));
  expect_refused(model_of_tensor(empty + name(std::string((size_t{1} << 20) + 1, 'w'))),
                 HasSubstr("1048577 bytes"));
  std::string graph;
  for (int i = 0; i <= 500'000; ++i) graph += initializer(empty + name(std::to_string(i)));
  expect_refused(model_of_graph(graph), HasSubstr("more than 500000 tensors"));
  std::string described = model_of_graph("");
  for (int i = 0; i <= 10'000; ++i) described += bytes_field(14, bytes_field(1, "k"));
  expect_refused(described, HasSubstr("more than 10000 sets"));
}

}  // namespace
}  // namespace ferrum
