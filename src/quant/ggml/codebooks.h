#pragma once
// The codebooks of the IQ block types: groups of 4 or 8 elements that are looked up together.
// They are lists of lattice points chosen by the authors of the format, not computable.

#include <array>
#include <cstddef>
#include <cstdint>

namespace ferrum::ggml {

template <size_t kPoints, size_t kWidth>
using Codebook = std::array<std::array<int8_t, kWidth>, kPoints>;

extern const Codebook<256, 8> kIq2xxsCodebook;
extern const Codebook<512, 8> kIq2xsCodebook;
extern const Codebook<1024, 8> kIq2sCodebook;
extern const Codebook<256, 4> kIq3xxsCodebook;
extern const Codebook<512, 4> kIq3sCodebook;
extern const Codebook<2048, 8> kIq1Codebook;

}  // namespace ferrum::ggml
