// LinearOps with AVX-512 F/BW/VL/DQ, in f32.

#include "backends/cpu/kernels/linear_avx512_shared.h"
#include "backends/cpu/kernels/linear_f32.h"

namespace ferrum::cpu {
namespace {

struct Avx512 : F32x16 {
  static constexpr int64_t kMaxRows = 96;
  static constexpr int64_t kFewTokens = 8;
  static constexpr int kTokensAtOnce = 4;
};

}  // namespace

LinearKernels linear_kernels_avx512(DataType weight) {
  return linear_f32<Avx512, store>(weight, pack);
}

}  // namespace ferrum::cpu
