#pragma once
// The blocks of GGUF: equal numbers of quantised elements with the scales that they share, as files
// store them row by row. This is the reference decoder of each; kernels are measured against it.
//
// Decoded values equal those of the Python package `gguf` bit for bit: the same operations in the
// same order.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ferrum {

struct BlockType {
  uint32_t id;            // in a GGUF file
  std::string_view name;  // "q4_k"
  int elements;           // of one block
  int bytes;
  // `blocks` may lie at any address; `out` takes count * elements numbers.
  void (*decode)(const std::byte* blocks, int64_t count, float* out);
};

std::span<const BlockType> block_types();       // by ascending id
const BlockType* find_block_type(uint32_t id);  // null for none, and for plain types such as f32

}  // namespace ferrum
