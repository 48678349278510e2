// LinearOps with AMX tiles: rows of the weight, as they lie, times packed x.
//
// A register block is 2 x 2 tiles of sums. Per step of 32 elements it loads four tiles and does
// four products; a load from L1 costs half a product, one from L2 more than a whole, so one side
// has to stay in L1: 32 rows x kDepth of the weight, copied there (rows that lie 4 KiB apart would
// fall into the same few sets of the cache). The other side, x, streams from L2.

#include "backends/cpu/kernels/amx_tiles.h"
#include "backends/cpu/kernels/linear_few_bf16.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kRowGroup = 2 * kTileRows;  // rows of a register block
constexpr int64_t kDepth = 512;  // of a cache block: 32 rows x 512 x bf16 is 32 KiB
constexpr int64_t kMaxRows = 256;

// Tiles [2][steps][16 rows][32] of the weight's rows `row`.. and elements i0..; zeros outside.
void copy_tiles(const MultiplyArgs& a, int64_t row, int64_t i0, int64_t steps, char* to) {
  for (int64_t r = 0; r < kRowGroup; ++r) {
    char* const tile_row = to + (r / kTileRows * steps * kTileRows + r % kTileRows) * 64;
    const bool inside = row + r < a.rows;
    const uint16_t* const from =
        static_cast<const uint16_t*>(a.weight) + (inside ? (row + r) * a.in + i0 : 0);
    for (int64_t s = 0; s < steps; ++s) {
      const __mmask32 mask = inside ? lanes32(a.in - i0 - s * kTileDepth) : 0;
      _mm512_store_si512(tile_row + s * kTileBytes,
                         _mm512_maskz_loadu_epi16(mask, from + s * kTileDepth));
    }
  }
}

void many(const MultiplyArgs& a) {
  const TileScope tiles;
  const int64_t in = round_up(a.in, kTileDepth);
  const int64_t tokens = round_up(a.tokens, kVector);
  char* const w = static_cast<char*>(a.scratch);
  for (int64_t i0 = 0; i0 < in; i0 += kDepth) {
    const int64_t steps = smaller(kDepth, in - i0) / kTileDepth;
    for (int64_t r = 0; r < a.rows; r += kRowGroup) {
      copy_tiles(a, r, i0, steps, w);
      multiply_tiles({.a = w,
                      .a_next = steps * kTileBytes,
                      .b = static_cast<const char*>(a.x) + i0 * tokens * 2,
                      .b_next = steps * kTileBytes,
                      .steps = steps,
                      .sums = a.sums + r * kVector,
                      .sums_next = a.sums_stride,
                      .add = i0 > 0},
                     tokens);
    }
  }
}

}  // namespace

LinearKernels linear_kernels_amx() {
  return {.pack = pack,
          .store = store,
          .few = few_bf16_kernel(),
          .few_tokens = 8,
          .many = {.multiply = many,
                   .x_dtype = DataType::kBF16,
                   .lanes = kVector,
                   .depth = kDepth,
                   .row_group = kRowGroup,
                   .max_rows = kMaxRows,
                   .scratch_bytes = kRowGroup * kDepth * 2}};
}

}  // namespace ferrum::cpu
