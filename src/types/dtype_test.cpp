#include "ferrum/types/dtype.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

// Stated by hand: the stable name and the size of every type.
const std::map<DataType, std::pair<std::string, int>> kExpected = {
    {DataType::kF64, {"f64", 64}},
    {DataType::kF32, {"f32", 32}},
    {DataType::kF16, {"f16", 16}},
    {DataType::kBF16, {"bf16", 16}},
    {DataType::kF8E4M3, {"f8_e4m3", 8}},
    {DataType::kF8E5M2, {"f8_e5m2", 8}},
    {DataType::kF8E4M3Fnuz, {"f8_e4m3fnuz", 8}},
    {DataType::kF8E5M2Fnuz, {"f8_e5m2fnuz", 8}},
    {DataType::kF8E8M0, {"f8_e8m0", 8}},
    {DataType::kF6E2M3, {"f6_e2m3", 6}},
    {DataType::kF6E3M2, {"f6_e3m2", 6}},
    {DataType::kF4E2M1, {"f4_e2m1", 4}},
    {DataType::kI64, {"i64", 64}},
    {DataType::kI32, {"i32", 32}},
    {DataType::kI16, {"i16", 16}},
    {DataType::kI8, {"i8", 8}},
    {DataType::kI4, {"i4", 4}},
    {DataType::kU64, {"u64", 64}},
    {DataType::kU32, {"u32", 32}},
    {DataType::kU16, {"u16", 16}},
    {DataType::kU8, {"u8", 8}},
    {DataType::kU4, {"u4", 4}},
    {DataType::kBool, {"bool", 8}},
    {DataType::kC64, {"c64", 64}},
};

TEST(DataType, NamesAndBits) {
  ASSERT_EQ(all_dtypes().size(), kExpected.size());
  for (const DataType dtype : all_dtypes()) {
    const auto& [name, bits] = kExpected.at(dtype);
    EXPECT_EQ(to_string(dtype), name);
    EXPECT_EQ(bits_of(dtype), bits) << name;
    EXPECT_EQ(parse_dtype(name), dtype);
    EXPECT_EQ(is_byte_sized(dtype), bits >= 8) << name;
  }
}

TEST(DataType, LongNamesInAnyCase) {
  EXPECT_EQ(parse_dtype("float32"), DataType::kF32);
  EXPECT_EQ(parse_dtype("torch.bfloat16"), DataType::kBF16);
  EXPECT_EQ(parse_dtype("Torch.Float16"), DataType::kF16);
  EXPECT_EQ(parse_dtype("half"), DataType::kF16);
  EXPECT_EQ(parse_dtype("F8_E4M3"), DataType::kF8E4M3);
  EXPECT_EQ(parse_dtype("float8_e4m3fn"), DataType::kF8E4M3);
  EXPECT_EQ(parse_dtype("int64"), DataType::kI64);
  EXPECT_EQ(parse_dtype("BOOL"), DataType::kBool);
}

TEST(DataType, OtherNamesAreRefusedWithTheKnownOnes) {
  for (const char* name : {"", "f33", "float", "torch.", " f32", "f32 "}) {
    try {
      parse_dtype(name);
      ADD_FAILURE() << "accepted '" << name << "'";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(e.hint().find("bf16"), std::string::npos);
    }
  }
}

TEST(DataType, OnlyRealNumbersAreFloatingPoint) {
  EXPECT_TRUE(is_floating_point(DataType::kBF16));
  EXPECT_TRUE(is_floating_point(DataType::kF4E2M1));
  EXPECT_FALSE(is_floating_point(DataType::kI8));
  EXPECT_FALSE(is_floating_point(DataType::kBool));
  EXPECT_FALSE(is_floating_point(DataType::kC64));
}

TEST(DataType, BytesAreRoundedUpAndChecked) {
  EXPECT_EQ(bytes_of(DataType::kF32, 3), 12);
  EXPECT_EQ(bytes_of(DataType::kI4, 3), 2);
  EXPECT_EQ(bytes_of(DataType::kF6E2M3, 4), 3);
  EXPECT_EQ(bytes_of(DataType::kF6E2M3, 5), 4);
  EXPECT_EQ(bytes_of(DataType::kC64, 0), 0);
  EXPECT_EQ(bytes_of(DataType::kU8, (INT64_MAX - 7) / 8), (INT64_MAX - 7) / 8);
  EXPECT_THROW(bytes_of(DataType::kU8, INT64_MAX / 8 + 1), Error);
  EXPECT_THROW(bytes_of(DataType::kF64, INT64_MAX), Error);
  EXPECT_THROW(bytes_of(DataType::kF32, -1), Error);
}

}  // namespace
}  // namespace ferrum
