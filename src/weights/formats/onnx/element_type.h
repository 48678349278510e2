#pragma once
// The element types of TensorProto, and the fields in which their numbers are when they are not raw
// bytes.

#include <cstdint>
#include <optional>
#include <string_view>

#include "ferrum/types/dtype.h"
#include "weights/formats/onnx/wire_reader.h"

namespace ferrum {

struct ElementType {
  std::string_view name;
  std::optional<DataType> dtype;  // nothing where there is none of the kind
  int field = 0;                  // of typed numbers; 0 where these are not read
  int bits = 0;                   // of one number among the elements
};

// Null for a number that is not among them.
const ElementType* find_element_type(uint64_t data_type);

// Whether field `number` of a TensorProto holds typed numbers, and of which kind.
bool is_typed_field(int number);
WireType number_kind(int typed_field);

}  // namespace ferrum
