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

// By number, from 0. A number holds two elements of 4 bits, as a raw byte does, but one of 6 bits.
constexpr std::array<ElementType, 29> kElementTypes{{
    {"UNDEFINED", std::nullopt},
    {"FLOAT", DataType::kF32, kFloatData, 32},
    {"UINT8", DataType::kU8, kInt32Data, 8},
    {"INT8", DataType::kI8, kInt32Data, 8},
    {"UINT16", DataType::kU16, kInt32Data, 16},
    {"INT16", DataType::kI16, kInt32Data, 16},
    {"INT32", DataType::kI32, kInt32Data, 32},
    {"INT64", DataType::kI64, kInt64Data, 64},
    {"STRING", std::nullopt},
    {"BOOL", DataType::kBool, kInt32Data, 8},
    {"FLOAT16", DataType::kF16, kInt32Data, 16},
    {"DOUBLE", DataType::kF64, kDoubleData, 64},
    {"UINT32", DataType::kU32, kUint64Data, 32},
    {"UINT64", DataType::kU64, kUint64Data, 64},
    {"COMPLEX64", DataType::kC64, kFloatData, 32},
    {"COMPLEX128", std::nullopt},
    {"BFLOAT16", DataType::kBF16, kInt32Data, 16},
    {"FLOAT8E4M3FN", DataType::kF8E4M3, kInt32Data, 8},
    {"FLOAT8E4M3FNUZ", DataType::kF8E4M3Fnuz, kInt32Data, 8},
    {"FLOAT8E5M2", DataType::kF8E5M2, kInt32Data, 8},
    {"FLOAT8E5M2FNUZ", DataType::kF8E5M2Fnuz, kInt32Data, 8},
    {"UINT4", DataType::kU4, kInt32Data, 8},
    {"INT4", DataType::kI4, kInt32Data, 8},
    {"FLOAT4E2M1", DataType::kF4E2M1, kInt32Data, 8},
    {"FLOAT8E8M0", DataType::kF8E8M0, kInt32Data, 8},
    {"UINT2", std::nullopt},
    {"INT2", std::nullopt},
    {"FLOAT6E2M3", DataType::kF6E2M3, kInt32Data, 6},
    {"FLOAT6E3M2", DataType::kF6E3M2, kInt32Data, 6},
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
