#pragma once
// The head of a GGUF file (versions 2 and 3): its keys and values, and where its tensors lie.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "ferrum/quant/block_type.h"
#include "ferrum/tensor/tensor.h"
#include "ferrum/weights/byte_source.h"
#include "weights/formats/gguf/gguf_values.h"

namespace ferrum {

constexpr int64_t kMaxGgufTensors = 500'000;

struct GgufTensor {
  DataType dtype;          // of the elements; of blocks, what they decode to
  const BlockType* block;  // null for plain elements
  Shape shape;
  int64_t offset;  // in the file
  int64_t bytes;   // there
};

struct GgufDirectory {
  GgufValues values;
  std::map<std::string, GgufTensor, std::less<>> tensors;
};

// True for any version, and either byte order.
bool looks_like_gguf(const ByteSource& source);

// Every extent is inside the file. Throws kInvalidFormat, kUnsupported for version 1, big-endian
// files and types of elements that are not known here.
GgufDirectory read_gguf_directory(std::shared_ptr<const ByteSource> source);

}  // namespace ferrum
