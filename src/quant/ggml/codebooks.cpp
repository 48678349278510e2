#include "quant/ggml/codebooks.h"

#include <string_view>

namespace ferrum::ggml {
namespace {

#include "quant/ggml/codebooks.inc"  // the digits; written by tools/make_gguf_codebooks.py

constexpr int digit_of(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// Each byte of `hex` holds 4 elements of two bits, or 2 of three bits in a nibble each, the low
// bits first. An element selects one of `values`.
template <size_t kPoints, size_t kWidth, size_t kValues>
constexpr Codebook<kPoints, kWidth> unpack(std::string_view hex,
                                           const std::array<int8_t, kValues>& values) {
  constexpr size_t kPerByte = kValues <= 4 ? 4 : 2;
  Codebook<kPoints, kWidth> book{};
  for (size_t i = 0; i < kPoints * kWidth; ++i) {
    const size_t at = i / kPerByte * 2;
    const int byte = digit_of(hex[at]) << 4 | digit_of(hex[at + 1]);
    const size_t shift = i % kPerByte * (8 / kPerByte);
    const auto code = static_cast<size_t>(byte >> shift) & (kPerByte == 4 ? 3 : 7);
    book[i / kWidth][i % kWidth] = values[code];
  }
  return book;
}

constexpr std::array<int8_t, 3> kIq1Values{-1, 0, 1};
constexpr std::array<int8_t, 3> kIq2Values{0x08, 0x19, 0x2b};
constexpr std::array<int8_t, 8> kIq3xxsValues{0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3e};
constexpr std::array<int8_t, 8> kIq3sValues{1, 3, 5, 7, 9, 11, 13, 15};

}  // namespace

constexpr Codebook<256, 8> kIq2xxsCodebook = unpack<256, 8>(kIq2xxsDigits, kIq2Values);
constexpr Codebook<512, 8> kIq2xsCodebook = unpack<512, 8>(kIq2xsDigits, kIq2Values);
constexpr Codebook<1024, 8> kIq2sCodebook = unpack<1024, 8>(kIq2sDigits, kIq2Values);
constexpr Codebook<256, 4> kIq3xxsCodebook = unpack<256, 4>(kIq3xxsDigits, kIq3xxsValues);
constexpr Codebook<512, 4> kIq3sCodebook = unpack<512, 4>(kIq3sDigits, kIq3sValues);
constexpr Codebook<2048, 8> kIq1Codebook = unpack<2048, 8>(kIq1Digits, kIq1Values);

}  // namespace ferrum::ggml
