#pragma once
// Big-endian elements become little-endian ones.

#include <cstring>

#include "ferrum/weights/transform_part.h"

namespace ferrum {

template <class Word>
void swap_words(const std::byte* in, std::byte* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, in + i * static_cast<int64_t>(sizeof(Word)), sizeof(Word));
    if constexpr (sizeof(Word) == 2) word = __builtin_bswap16(word);
    else if constexpr (sizeof(Word) == 4) word = __builtin_bswap32(word);
    else word = __builtin_bswap64(word);
    std::memcpy(out + i * static_cast<int64_t>(sizeof(Word)), &word, sizeof(Word));
  }
}

// A conversion of `dtype` to itself, or nothing where elements are single bytes.
inline std::optional<TransformStep> swap_step(DataType dtype) {
  TransformStep step{.dtype = dtype, .shape = {}, .arrange = {}, .convert = {}};
  if (dtype == DataType::kC64) {  // two words an element
    step.convert = [](const std::byte* in, std::byte* out, int64_t count) {
      swap_words<uint32_t>(in, out, 2 * count);
    };
    return step;
  }
  switch (bits_of(dtype)) {
    case 16: step.convert = swap_words<uint16_t>; return step;
    case 32: step.convert = swap_words<uint32_t>; return step;
    case 64: step.convert = swap_words<uint64_t>; return step;
    default: return std::nullopt;
  }
}

}  // namespace ferrum
