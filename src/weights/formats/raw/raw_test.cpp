// Elements that only the source's options describe.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ferrum/weights/weight_catalogs.h"
#include "support/expect_error.h"
#include "support/host_tensor_factory.h"

namespace ferrum {
namespace {

using testing::HasSubstr;

class RawTest : public testing::Test {
 protected:
  WeightSource source(Json options) {
    WeightSource result = WeightSource::memory(borrow_bytes(bytes), "x.bin", "raw");
    result.format_options = std::move(options);
    return result;
  }
  Tensor load(Json options, const std::string& name = "data") {
    return loader->load_tensor({name, {}, {}, Device::cpu(), source(std::move(options)), {}});
  }
  void expect_refused(Json options, ErrorCode code, const std::string& what) {
    SCOPED_TRACE(what);
    test::expect_error(code, HasSubstr(what), [&] { load(std::move(options)); });
  }

  alignas(4) const char storage[12] = {9, 9, 9, 9, 1, 0, 2, 0, 3, 0, 4, 0};
  std::string_view bytes{storage, sizeof storage};
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  std::unique_ptr<WeightLoader> loader = create_weight_loader(catalogs, factory);
};

TEST_F(RawTest, TheOptionsSayWhatTheBytesAre) {
  const Tensor tensor = load({{"dtype", "u16"}, {"shape", {2, 2}}, {"offset", 4}});
  EXPECT_EQ(tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(tensor.data<uint16_t>()[3], 4);
  EXPECT_EQ(tensor.raw_data(), bytes.data() + 4);
  const Json swapped{{"dtype", "u16"}, {"shape", {2}}, {"offset", 8}, {"big_endian", true},
                     {"name", "w"}};
  EXPECT_EQ(load(swapped, "w").data<uint16_t>()[1], 0x400);
}

TEST_F(RawTest, OneSourceIsReadUnderSeveralOptions) {
  EXPECT_EQ(load({{"dtype", "u8"}, {"shape", {1}}}).size_bytes(), 1);
  EXPECT_EQ(load({{"dtype", "u8"}, {"shape", {12}}}).size_bytes(), 12);
}

TEST_F(RawTest, WhatDoesNotFitIsRefused) {
  const auto format = ErrorCode::kInvalidFormat, argument = ErrorCode::kInvalidArgument;
  expect_refused({{"dtype", "u16"}, {"shape", {7}}}, format, "has 12 bytes; u16 [7] at byte 0");
  expect_refused({{"dtype", "u8"}, {"shape", {1}}, {"offset", 12}}, format, "at byte 12 takes 1");
  expect_refused({{"dtype", "u8"}, {"shape", {1}}, {"offset", -1}}, format, "at byte -1");
  expect_refused({{"dtype", "u8"}, {"shape", {1}}, {"offset", INT64_MAX}}, format, "takes 1");
  expect_refused({{"dtype", "f64"}, {"shape", {INT64_MAX / 2}}}, argument, "64");
  expect_refused({{"shape", {1}}}, argument, "dtype");
  expect_refused({{"dtype", "u8"}}, argument, "shape");
  expect_refused({{"dtype", "u8"}, {"shape", {1}}, {"ofset", 1}}, argument, "unknown keys: ofset");
}

TEST_F(RawTest, NothingIsRawUnlessItIsSaid) {
  EXPECT_THROW(loader->get_metadata(WeightSource::memory(borrow_bytes(bytes), "x.raw")), Error);
}

}  // namespace
}  // namespace ferrum
