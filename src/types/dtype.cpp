#include "ferrum/types/dtype.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

struct Entry {
  DataType dtype;
  std::string_view name;
  std::string_view long_name;
  int bits;
  bool floating;
};

constexpr std::array<Entry, 24> kEntries{{
    {DataType::kF64, "f64", "float64", 64, true},
    {DataType::kF32, "f32", "float32", 32, true},
    {DataType::kF16, "f16", "float16", 16, true},
    {DataType::kBF16, "bf16", "bfloat16", 16, true},
    {DataType::kF8E4M3, "f8_e4m3", "float8_e4m3fn", 8, true},
    {DataType::kF8E5M2, "f8_e5m2", "float8_e5m2", 8, true},
    {DataType::kF8E4M3Fnuz, "f8_e4m3fnuz", "float8_e4m3fnuz", 8, true},
    {DataType::kF8E5M2Fnuz, "f8_e5m2fnuz", "float8_e5m2fnuz", 8, true},
    {DataType::kF8E8M0, "f8_e8m0", "float8_e8m0fnu", 8, true},
    {DataType::kF6E2M3, "f6_e2m3", "float6_e2m3fn", 6, true},
    {DataType::kF6E3M2, "f6_e3m2", "float6_e3m2fn", 6, true},
    {DataType::kF4E2M1, "f4_e2m1", "float4_e2m1fn", 4, true},
    {DataType::kI64, "i64", "int64", 64, false},
    {DataType::kI32, "i32", "int32", 32, false},
    {DataType::kI16, "i16", "int16", 16, false},
    {DataType::kI8, "i8", "int8", 8, false},
    {DataType::kI4, "i4", "int4", 4, false},
    {DataType::kU64, "u64", "uint64", 64, false},
    {DataType::kU32, "u32", "uint32", 32, false},
    {DataType::kU16, "u16", "uint16", 16, false},
    {DataType::kU8, "u8", "uint8", 8, false},
    {DataType::kU4, "u4", "uint4", 4, false},
    {DataType::kBool, "bool", "boolean", 8, false},
    {DataType::kC64, "c64", "complex64", 64, false},
}};

constexpr std::array<DataType, kEntries.size()> kAll = [] {
  std::array<DataType, kEntries.size()> all{};
  for (size_t i = 0; i < all.size(); ++i) all[i] = kEntries[i].dtype;
  return all;
}();

static_assert([] {
  for (size_t i = 0; i < kAll.size(); ++i) {
    if (static_cast<size_t>(kAll[i]) != i) return false;
  }
  return true;
}(), "the table follows the order of the enum");

const Entry& entry(DataType dtype) { return kEntries[static_cast<size_t>(dtype)]; }

}  // namespace

std::span<const DataType> all_dtypes() { return kAll; }

std::string_view to_string(DataType dtype) { return entry(dtype).name; }

DataType parse_dtype(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.starts_with("torch.")) lower.erase(0, 6);
  if (lower == "half") return DataType::kF16;
  for (const Entry& e : kEntries) {
    if (lower == e.name || lower == e.long_name) return e.dtype;
  }
  std::string known;
  for (const Entry& e : kEntries) known += (known.empty() ? "" : ", ") + std::string(e.name);
  throw Error(ErrorCode::kInvalidArgument, "unknown data type '" + std::string(name) + "'",
              "known: " + known);
}

int bits_of(DataType dtype) { return entry(dtype).bits; }

bool is_byte_sized(DataType dtype) { return entry(dtype).bits % 8 == 0; }

bool is_floating_point(DataType dtype) { return entry(dtype).floating; }

int64_t bytes_of(DataType dtype, int64_t count) {
  const auto bits = checked_mul(count, bits_of(dtype));
  if (count < 0 || !bits || *bits > INT64_MAX - 7) {
    throw Error(ErrorCode::kInvalidArgument,
                std::to_string(count) + " elements of " + std::string(to_string(dtype)) +
                    " do not fit in 64 bits of size");
  }
  return (*bits + 7) / 8;
}

}  // namespace ferrum
