#pragma once
// What the families of block types share.
//
// Each block is a struct of bytes, so that it has no alignment, no padding and one byte order.

#include <array>
#include <cstdint>
#include <span>

#include "ferrum/quant/block_type.h"
#include "ferrum/types/float16.h"

namespace ferrum::ggml {

struct U16 {
  uint8_t low, high;
  int get() const { return low | high << 8; }
};

struct U32 {
  uint8_t bytes[4];
  uint32_t get() const {
    return bytes[0] | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
  }
};

struct F16 {
  U16 bits;
  float get() const { return to_float(Float16{static_cast<uint16_t>(bits.get())}); }
};

// Of an overload  void decode(const Block& block, float* out)  that follows the struct.
template <class Block>
void decode_blocks(const std::byte* blocks, int64_t count, float* out) {
  static_assert(alignof(Block) == 1);
  const auto* block = reinterpret_cast<const Block*>(blocks);
  for (int64_t i = 0; i < count; ++i) decode(block[i], out + i * Block::kElements);
}

template <class Block>
constexpr BlockType block_type(uint32_t id, std::string_view name) {
  return {id, name, Block::kElements, static_cast<int>(sizeof(Block)), decode_blocks<Block>};
}

// 16 bytes of nibbles: the low ones are the elements 0 to 15, the high ones 16 to 31.
template <class ToValue>
void decode_nibbles(const uint8_t (&nibbles)[16], float* out, const ToValue& to_value) {
  for (int i = 0; i < 16; ++i) out[i] = to_value(nibbles[i] & 15);
  for (int i = 0; i < 16; ++i) out[16 + i] = to_value(nibbles[i] >> 4);
}

std::span<const BlockType> simple_block_types();    // one scale for 32 elements, perhaps an offset
std::span<const BlockType> k_block_types();         // super-blocks of 256 with quantised scales
std::span<const BlockType> codebook_block_types();  // IQ: elements are looked up together
std::span<const BlockType> table_block_types();     // elements are looked up one by one
std::span<const BlockType> ternary_block_types();   // one or two bits, base-3 digits

}  // namespace ferrum::ggml
