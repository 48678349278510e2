// LinearOps with VDPBF16PS: bf16 weights as they lie, x rounded to bf16, sums in f32.

#include "backends/cpu/kernels/avx512_bf16_vectors.h"
#include "backends/cpu/kernels/linear_few_bf16.h"
#include "backends/cpu/kernels/register_block.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kPanel = Bf16x32::kColumns * kVector;  // tokens of a register block
constexpr int64_t kDepth = 2048;  // of a cache block: 64 tokens x 2048 x bf16 is 256 KiB
constexpr int64_t kMaxRows = 96;

// (weight pair in all lanes) for rows w, `stride` elements apart; kElements of the pair exist.
template <int kElements>
auto weight_rows(const uint16_t* w, int64_t stride) {
  return [=](int64_t r0) {
    return [=, from = w + r0 * stride](int r, int64_t i) {
      return Bf16x32::broadcast<kElements>(from + r * stride + 2 * i);
    };
  };
}

auto token_groups(const char* x, int64_t stride) {
  return [=](int64_t n0) {
    return [=, from = x + n0 * stride](int n, int64_t i) {
      return Bf16x32::operand(from + n * stride + i * 64);
    };
  };
}

void many(const MultiplyArgs& a) {
  const int64_t tokens = round_up(a.tokens, kVector);
  for (int64_t i0 = 0; i0 < a.in; i0 += kDepth) {
    const int64_t depth = smaller(kDepth, a.in - i0);
    const int64_t x_stride = smaller(kDepth, round_up(a.in, kPackedStep) - i0) * kVector * 2;
    const uint16_t* const w = static_cast<const uint16_t*>(a.weight) + i0;
    for (int64_t t = 0; t < a.tokens; t += kPanel) {
      const int64_t groups = smaller(Bf16x32::kColumns, (a.tokens - t + kVector - 1) / kVector);
      const char* const x =
          static_cast<const char*>(a.x) + i0 * tokens * 2 + t / kVector * x_stride;
      float* const sums = a.sums + t / kVector * a.sums_stride;
      blocks<Bf16x32>(a.rows, groups, depth / 2, weight_rows<2>(w, a.in),
                      token_groups(x, x_stride), sums, a.sums_stride, i0 > 0);
      if (depth % 2) {
        blocks<Bf16x32>(a.rows, groups, 1, weight_rows<1>(w + depth - 1, a.in),
                        token_groups(x + depth / 2 * 64, x_stride), sums, a.sums_stride, true);
      }
    }
  }
}

}  // namespace

LinearKernels linear_kernels_avx512_bf16() {
  return {.pack = pack,
          .store = store,
          .few = few_bf16_kernel(),
          .few_tokens = 8,
          .many = {.run = multiply_and_store<many, store, kVector>,
                   .x_dtype = DataType::kBF16,
                   .lanes = kVector,
                   .depth = kDepth,
                   .row_group = Bf16x32::kRows,
                   .max_rows = kMaxRows,
                   .max_tokens = 0,
                   .scratch_bytes = 0}};
}

}  // namespace ferrum::cpu
