#pragma once
// One TensorProto: what a tensor is, and where its elements are.
// https://github.com/onnx/onnx/blob/main/docs/IR.md

#include <cstdint>
#include <set>
#include <string>
#include <variant>

#include "ferrum/weights/weight_metadata.h"
#include "weights/formats/onnx/external_data.h"
#include "weights/formats/onnx/wire_reader.h"

namespace ferrum {

// Little-endian, row-major elements in one piece of the model's file.
struct InPlaceValues {
  int64_t offset = 0;
};

// Numbers in fields of the message: one per element, two per complex element, one per two elements
// of 4 bits.
struct TypedValues {
  ByteRange message;
  int field = 0;
  WireType number = WireType::kVarint;
  int bits = 0;       // of a number among the elements
  int64_t count = 0;  // of numbers
};

struct OnnxTensor {
  std::string name;
  std::string unreadable = {};  // why it cannot be loaded; then there is nothing but its name
  TensorInfo info;
  std::variant<InPlaceValues, TypedValues, ExternalData> values;
  std::set<std::string> ignored_keys;  // of the external data
};

// Reads no elements: numbers of variable length are counted when they are decoded. Throws
// kInvalidFormat, naming the tensor if it has a name.
OnnxTensor parse_tensor_proto(WireReader& reader, ByteRange message);

}  // namespace ferrum
