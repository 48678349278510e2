// LinearOps with VDPBF16PS: bf16 weights as they lie, x rounded to bf16, sums in f32.

#include "backends/cpu/kernels/linear_avx512_shared.h"
#include "backends/cpu/kernels/linear_few_bf16.h"

namespace ferrum::cpu {
namespace {

constexpr int kRows = 6;                 // of a register block of kRows x 4 vectors
constexpr int64_t kPanel = 4 * kVector;  // its tokens
constexpr int64_t kDepth = 2048;         // of a cache block: 64 tokens x 2048 x bf16 is 256 KiB
constexpr int64_t kMaxRows = 96;

struct Block {
  const uint16_t* w;  // R rows, w_stride apart
  int64_t w_stride;
  const char* x;      // N groups of 16 tokens, x_stride bytes apart
  int64_t x_stride;
  int64_t depth;
  float* sums;
  int64_t sums_stride;
  bool add;
};

inline __m512bh pairs(int w) { return reinterpret_cast<__m512bh>(_mm512_set1_epi32(w)); }

template <int R, int N>
void block(const Block& b) {
  __m512 acc[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      acc[r][n] = b.add ? _mm512_loadu_ps(b.sums + r * b.sums_stride + n * kVector)
                        : _mm512_setzero_ps();
    }
  }
  const auto step = [&](int64_t i, auto weight_pair) {
    __m512bh x[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      x[n] = reinterpret_cast<__m512bh>(_mm512_load_si512(b.x + n * b.x_stride + i * 32));
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const __m512bh w = pairs(weight_pair(b.w + r * b.w_stride + i));
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[r][n] = _mm512_dpbf16_ps(acc[r][n], w, x[n]);
    }
  };
  int64_t i = 0;
  for (; i + 2 <= b.depth; i += 2) step(i, [](const uint16_t* p) { return load32(p); });
  if (i < b.depth) {
    step(i, [](const uint16_t* p) {
      uint16_t last;
      __builtin_memcpy(&last, p, sizeof last);
      return static_cast<int>(last);
    });
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      _mm512_storeu_ps(b.sums + r * b.sums_stride + n * kVector, acc[r][n]);
    }
  }
}

template <int N>
void block_of(const Block& b, int64_t rows) {
  switch (rows) {
    case 1: return block<1, N>(b);
    case 2: return block<2, N>(b);
    case 3: return block<3, N>(b);
    case 4: return block<4, N>(b);
    case 5: return block<5, N>(b);
    default: return block<kRows, N>(b);
  }
}

void block_of(const Block& b, int64_t rows, int64_t groups) {
  switch (groups) {
    case 1: return block_of<1>(b, rows);
    case 2: return block_of<2>(b, rows);
    case 3: return block_of<3>(b, rows);
    default: return block_of<4>(b, rows);
  }
}

void many(const MultiplyArgs& a) {
  const int64_t in = round_up(a.in, kPackedStep);
  for (int64_t i0 = 0; i0 < a.in; i0 += kDepth) {
    const int64_t depth = smaller(kDepth, a.in - i0);
    const uint16_t* const w = static_cast<const uint16_t*>(a.weight) + i0;
    for (int64_t t = 0; t < a.tokens; t += kPanel) {
      const int64_t groups = smaller(4, (a.tokens - t + kVector - 1) / kVector);
      const char* const x = static_cast<const char*>(a.x) + (t * in + i0 * kVector) * 2;
      for (int64_t r = 0; r < a.rows; r += kRows) {
        block_of({w + r * a.in, a.in, x, in * kVector * 2, depth,
                  a.sums + r * a.sums_stride + t, a.sums_stride, i0 > 0},
                 a.rows - r, groups);
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
          .many = {.multiply = many,
                   .x_dtype = DataType::kBF16,
                   .lanes = kVector,
                   .row_group = kRows,
                   .max_rows = kMaxRows,
                   .scratch_bytes = 0,
                   .token_major = false}};
}

}  // namespace ferrum::cpu
