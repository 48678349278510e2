// LinearOps with AMX tiles: rows of the weight, as they lie, times packed x.
//
// A register block is 2 x 2 tiles of sums; per step of 32 elements it loads four tiles and does
// four products. To load a tile from L1 costs half a product, from L2 more than a whole one if
// nothing overlaps, so L2 bounds this kernel: the blocks below keep x (kTokens x kDepth x bf16 is
// 1 MiB) there, and kDepth is long enough that most sums never leave their registers.

#include "backends/cpu/kernels/amx_tiles.h"
#include "backends/cpu/kernels/linear_few_bf16.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kRowGroup = 2 * kTileRows;  // rows of a register block
constexpr int64_t kDepth = 2048;
constexpr int64_t kTokens = 256;
constexpr int64_t kMaxRows = 256;

// Tiles [2][steps][16 rows][32] of the weight's rows `row`.. and elements i0..; zeros outside.
void copy_tiles(const MultiplyArgs& a, int64_t row, int64_t i0, int64_t steps, char* to) {
  const int64_t whole = smaller(steps, (a.in - i0) / kTileDepth);
  const __mmask32 rest = lanes32(a.in - i0 - whole * kTileDepth);
  for (int64_t r = 0; r < kRowGroup; ++r) {
    char* const tile_row = to + (r / kTileRows * steps * kTileRows + r % kTileRows) * 64;
    const bool inside = row + r < a.rows;
    const uint16_t* const from =
        static_cast<const uint16_t*>(a.weight) + (row + (inside ? r : 0)) * a.in + i0;
    for (int64_t s = 0; s < steps; ++s) {
      __m512i part = _mm512_setzero_si512();
      if (inside) {
        part = s < whole ? _mm512_loadu_si512(from + s * kTileDepth)
                         : _mm512_maskz_loadu_epi16(rest, from + s * kTileDepth);
      }
      _mm512_store_si512(tile_row + s * kTileBytes, part);
    }
  }
}

// Rows row .. row + 31, elements i0 .. i0 + 32 steps, as tiles: in place where they are all there.
TileBlock weight_tiles(const MultiplyArgs& a, int64_t row, int64_t i0, int64_t steps) {
  TileBlock block{};
  block.steps = steps;
  if (row + kRowGroup <= a.rows && i0 + steps * kTileDepth <= a.in) {
    block.a = static_cast<const char*>(a.weight) + (row * a.in + i0) * 2;
    block.a_row = a.in * 2;
    block.a_step = kTileDepth * 2;
    block.a_next = kTileRows * block.a_row;
  } else {
    copy_tiles(a, row, i0, steps, static_cast<char*>(a.scratch));
    block.a = a.scratch;
    block.a_row = kTileDepth * 2;
    block.a_step = kTileBytes;
    block.a_next = steps * kTileBytes;
  }
  return block;
}

// Lets the products of rows row .. row + 31 bring near the rows after them: at the end those of
// the next elements, or of the next call.
void prefetch_after(const MultiplyArgs& a, int64_t row, int64_t i0, TileBlock* block) {
  const char* from = static_cast<const char*>(a.weight) + ((row + kRowGroup) * a.in + i0) * 2;
  if (row + kRowGroup >= a.rows) {
    const bool last = i0 + kDepth >= a.in;
    from = static_cast<const char*>(last ? a.next : a.weight) + (last ? 0 : i0 + kDepth) * 2;
    if (last && !a.next) return;
  }
  block->ahead = from;
  block->ahead_row = a.in * 2;
  block->ahead_count = kRowGroup / ((a.tokens + 2 * kVector - 1) / (2 * kVector));
}

void many(const MultiplyArgs& a) {
  const TileScope tiles;
  const int64_t in = round_up(a.in, kTileDepth);
  const int64_t tokens = round_up(a.tokens, kVector);
  for (int64_t i0 = 0; i0 < in; i0 += kDepth) {
    const int64_t steps = smaller(kDepth, in - i0) / kTileDepth;
    for (int64_t r = 0; r < a.rows; r += kRowGroup) {
      TileBlock block = weight_tiles(a, r, i0, steps);
      block.b = static_cast<const char*>(a.x) + i0 * tokens * 2;
      block.b_next = steps * kTileBytes;
      block.sums = a.sums + r * kVector;
      block.sums_next = a.sums_stride;
      block.add = i0 > 0;
      prefetch_after(a, r, i0, &block);
      multiply_tiles(block, tokens);
    }
  }
}

}  // namespace

LinearKernels linear_kernels_amx() {
  return {.pack = pack,
          .store = store,
          .few = few_bf16_kernel(),
          .few_tokens = 1,
          .many = {.multiply = many,
                   .x_dtype = DataType::kBF16,
                   .lanes = kVector,
                   .depth = kDepth,
                   .row_group = kRowGroup,
                   .max_rows = kMaxRows,
                   .max_tokens = kTokens,
                   .scratch_bytes = kRowGroup * kDepth * 2}};
}

}  // namespace ferrum::cpu
