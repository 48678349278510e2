#pragma once
// Decodes elements that a TensorProto holds as numbers of its fields.

#include <cstddef>
#include <cstdint>
#include <span>

#include "ferrum/types/function_ref.h"
#include "weights/formats/onnx/tensor_proto.h"

namespace ferrum {

// Hands bytes [begin, end) of the tensor to `sink` in order, in chunks of whole elements. Throws
// kInvalidFormat for numbers that the elements cannot hold and when there are not as many as the
// shape needs.
void decode_typed_values(const ByteSource& source, const TypedValues& values,
                         const TensorInfo& info, int64_t begin, int64_t end,
                         FunctionRef<void(std::span<const std::byte>)> sink);

}  // namespace ferrum
