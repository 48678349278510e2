#include "weights/formats/onnx/element_type.h"

#include <array>

namespace ferrum {
namespace {

enum {
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kDoubleData = 10,
  kUint64Data = 11,
};

// By number, from 0. Elements of less than a byte are packed in numbers as in raw bytes, but those
// of 6 bits.
constexpr std::array<ElementType, 29> kElementTypes{{
    {"UNDEFINED", std::nullopt},
    {"FLOAT", DataType::kF32, kFloatData, 4},
    {"UINT8", DataType::kU8, kInt32Data, 1},
    {"INT8", DataType::kI8, kInt32Data, 1},
    {"UINT16", DataType::kU16, kInt32Data, 2},
    {"INT16", DataType::kI16, kInt32Data, 2},
    {"INT32", DataType::kI32, kInt32Data, 4},
    {"INT64", DataType::kI64, kInt64Data, 8},
    {"STRING", std::nullopt},
    {"BOOL", DataType::kBool, kInt32Data, 1},
    {"FLOAT16", DataType::kF16, kInt32Data, 2},
    {"DOUBLE", DataType::kF64, kDoubleData, 8},
    {"UINT32", DataType::kU32, kUint64Data, 4},
    {"UINT64", DataType::kU64, kUint64Data, 8},
    {"COMPLEX64", DataType::kC64, kFloatData, 4},
    {"COMPLEX128", std::nullopt},
    {"BFLOAT16", DataType::kBF16, kInt32Data, 2},
    {"FLOAT8E4M3FN", DataType::kF8E4M3, kInt32Data, 1},
    {"FLOAT8E4M3FNUZ", DataType::kF8E4M3Fnuz, kInt32Data, 1},
    {"FLOAT8E5M2", DataType::kF8E5M2, kInt32Data, 1},
    {"FLOAT8E5M2FNUZ", DataType::kF8E5M2Fnuz, kInt32Data, 1},
    {"UINT4", DataType::kU4, kInt32Data, 1},
    {"INT4", DataType::kI4, kInt32Data, 1},
    {"FLOAT4E2M1", DataType::kF4E2M1, kInt32Data, 1},
    {"FLOAT8E8M0", DataType::kF8E8M0, kInt32Data, 1},
    {"UINT2", std::nullopt},
    {"INT2", std::nullopt},
    {"FLOAT6E2M3", DataType::kF6E2M3},
    {"FLOAT6E3M2", DataType::kF6E3M2},
}};

}  // namespace

const ElementType* find_element_type(uint64_t data_type) {
  return data_type < kElementTypes.size() ? &kElementTypes[data_type] : nullptr;
}

bool is_typed_field(int number) {
  return (number >= kFloatData && number <= kInt64Data && number != kStringData) ||
         number == kDoubleData || number == kUint64Data;
}

WireType number_kind(int typed_field) {
  if (typed_field == kFloatData) return WireType::kFixed32;
  return typed_field == kDoubleData ? WireType::kFixed64 : WireType::kVarint;
}

}  // namespace ferrum
