#pragma once
// Which bytes are a ModelProto.

#include "ferrum/weights/byte_source.h"

namespace ferrum {

// Protocol Buffers have no magic number. The evidence is that all of `source`, to its last byte, is
// one message of the fields of a ModelProto, in any order, each of its kind and at most as often as
// it may be there; that it has a version and a graph; and that the graph begins with fields of a
// GraphProto. Elements are passed over.
bool looks_like_model_proto(const ByteSource& source);

}  // namespace ferrum
