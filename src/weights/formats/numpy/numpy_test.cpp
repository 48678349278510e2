// .npy files that NumPy wrote (tools/make_numpy_references.py), and what a header may not say.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "ferrum/types/host_memory.h"
#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/loader_fixture.h"

namespace ferrum {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kFolder = FERRUM_SOURCE_DIR "/tests/data/weights/numpy";

class NumpyTest : public test::LoaderFixture {
 protected:
  void expect_refused(const std::string& bytes, const testing::Matcher<std::string>& what,
                      ErrorCode code = ErrorCode::kInvalidFormat) {
    SCOPED_TRACE(bytes.substr(0, 120));
    test::expect_error(code, what,
                       [&] { open_all(WeightSource::memory(borrow_bytes(bytes), "x.npy")); });
  }
};

std::string npy(const std::string& literal, size_t data_bytes) {
  std::string bytes("\x93NUMPY\1\0", 8);
  bytes += static_cast<char>(literal.size() & 0xff);
  bytes += static_cast<char>(literal.size() >> 8);
  return bytes + literal + std::string(data_bytes, '\0');
}
std::string literal(const std::string& descr, const std::string& shape,
                    const std::string& order = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }  \n";
}

TEST_F(NumpyTest, EveryFileIsReadBitForBitFromFileMemoryAndRanges) {
  const Json listing = Json::parse(test::read_file(kFolder + "/expected.json"));
  ASSERT_EQ(listing.size(), 46u);
  for (const auto& [name, expected] : listing.items()) {
    SCOPED_TRACE(name);
    const std::string path = kFolder + "/" + name + ".npy";
    expect_is(load(WeightSource::file(path), name), expected);
    const std::string bytes = test::read_file(path);
    expect_is(load(WeightSource::memory(borrow_bytes(bytes), name + ".npy"), name), expected);
    expect_is(load(test::ranged_file(path), name), expected);
  }
}

TEST_F(NumpyTest, ASliceOfARangedArrayIsThatOfTheWhole) {
  for (const std::string name : {"f32_big", "f32_fortran", "big_fortran", "u16_little"}) {
    SCOPED_TRACE(name);
    const std::string path = kFolder + "/" + name + ".npy";
    const std::vector<TensorTransformation> second{TensorTransformation::slice(0, 1, 2)};
    const Tensor whole = load(WeightSource::file(path), name).narrow(0, 1, 1);
    const Tensor part = load(test::ranged_file(path), name, second);
    ASSERT_EQ(part.size_bytes(), whole.size_bytes());
    const auto size = static_cast<size_t>(part.size_bytes());
    EXPECT_EQ(std::memcmp(part.raw_data(), whole.raw_data(), size), 0);
  }
}

TEST_F(NumpyTest, HeadersOfOtherWriters) {
  for (const std::string& text :
       {literal("'<f4'", "(2, 3)"), literal("'<f4'", "(2L, 3L)"), literal("u'<f4'", "(2,3,)"),
        literal("\"=f4\"", "( 2 , 3 )"),
        std::string("{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}")}) {
    const std::string bytes = npy(text, 24);
    const WeightMetadata metadata =
        loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), "no/suffix.bin"));
    EXPECT_EQ(metadata.format, "numpy");
    EXPECT_EQ(metadata.tensors.at("suffix.bin").shape, (Shape{2, 3}));
  }
}

TEST_F(NumpyTest, TypesWithoutMeaningHereAreRefusedByName) {
  for (const char* descr : {"'|O'", "'O'"}) {
    expect_refused(npy(literal(descr, "(1,)"), 8), HasSubstr("never loaded"),
                   ErrorCode::kUnsupported);
  }
  expect_refused(npy(literal("'|V2'", "(1,)"), 2), HasSubstr("does not say"),
                 ErrorCode::kUnsupported);
  expect_refused(npy(literal("[('a', '<f4')]", "(1,)"), 4), HasSubstr("records"),
                 ErrorCode::kUnsupported);
  for (const char* descr :
       {"'<c16'", "'<f16'", "'<U4'", "'|S3'", "'<M8[s]'", "'f4'", "''", "'<f'"}) {
    expect_refused(npy(literal(descr, "(1,)"), 16), HasSubstr("elements of type"),
                   ErrorCode::kUnsupported);
  }
  expect_refused(npy(literal("'|u1'", "(1,1,1,1,1,1,1,1,1)"), 1), HasSubstr("extents"),
                 ErrorCode::kUnsupported);
}

TEST_F(NumpyTest, LiteralsAreParsedAndNeverEvaluated) {
  for (const char* text :
       {"", "{", "}", "{}", "[]", "{'descr'}", "{'descr': '<f4'}", "__import__('os')",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4' 'fortran_order': False}", "{'descr': '<f4", "{'descr': '\\x3cf4'}"}) {
    expect_refused(npy(text, 4), HasSubstr("x.npy"));
  }
  for (const char* shape : {"1", "[1]", "(-1,)", "(1.0,)", "(True,)", "(2**3,)", "(1,,)", "(",
                            "(99999999999999999999,)", "(None,)", "('1',)"}) {
    expect_refused(npy(literal("'<f4'", shape), 4), HasSubstr("x.npy"));
  }
}

TEST_F(NumpyTest, SizesAreCheckedBeforeAnythingIsAllocated) {
  const int64_t before = peak_rss_bytes();
  for (const char* shape : {"(4611686018427387904,)", "(4294967296, 4294967296)",
                            "(0, 4294967296, 4294967296)", "(2305843009213693952, 4)"}) {
    expect_refused(npy(literal("'<f4'", shape), 4), HasSubstr("64 bits"));
  }
  expect_refused(npy(literal("'<f4'", "(1099511627776,)"), 4), HasSubstr("4398046511104 bytes"));
  expect_refused(npy(literal("'<f4'", "(2,)"), 7), HasSubstr("has 8 bytes, the file 7"));
  expect_refused(npy(literal("'<f4'", "(2,)"), 9), HasSubstr("the file 9"));
  expect_refused("\x93NUMPY", HasSubstr("only 6 bytes"));
  expect_refused(std::string("\x93NUMPY\1\0\xff\xff{", 11), HasSubstr("65535"));
  expect_refused(std::string("\x93NUMPY\2\0\xff\xff\xff\xff{", 13), HasSubstr("4294967295"));
  expect_refused(std::string("\x93NUMPY\2\0\1\0", 10), HasSubstr("inside its header"));
  expect_refused(std::string("\x93NUMPY\1\0\x40\0{}", 12), HasSubstr("inside its header"));
  expect_refused(std::string("\x93NUMPY\4\0\2\0{}", 12), HasSubstr("version is 4.0"));
  expect_refused(std::string("\x93NUMPY\1\1\2\0{}", 12), HasSubstr("version is 1.1"));
  EXPECT_LT(peak_rss_bytes() - before, int64_t{4} << 20);
}

}  // namespace
}  // namespace ferrum
