// LinearOps with AMX tiles: rows of the weight, as they lie, times packed x.
//
// A register block is 2 x 3 tiles of sums; per step of 32 elements it loads five tiles, two of
// them twice, and does six products. To load a tile from L1 costs half a product, from L2 more than
// a whole one, and the two overlap badly, so L2 bounds this kernel: x (kTokens x kDepth x bf16 is
// 1 MiB) stays there, and kDepth is long enough that most sums never leave their registers. From
// there they go straight to the output, by way of 6 KiB in L1.

#include "backends/cpu/kernels/amx_tiles.h"
#include "backends/cpu/kernels/linear_few_bf16.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kRowGroup = 2 * kTileRows;  // rows of a register block
constexpr int64_t kDepth = 2048;
constexpr int64_t kTokens = 256;
constexpr int64_t kMaxRows = 64;        // small tasks, so that all threads end together;
constexpr int64_t kMaxDeepRows = 256;   // but enough that a block of x is worth its way to L2

// Tiles [2][steps][16 rows][32] of the weight's rows `row`.. and elements i0..; zeros outside.
void copy_tiles(const LinearTask& a, int64_t row, int64_t i0, int64_t steps, char* to) {
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
TileBlock weight_tiles(const LinearTask& a, int64_t row, int64_t i0, int64_t steps) {
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
void prefetch_after(const LinearTask& a, int64_t row, int64_t i0, TileBlock* block) {
  const char* from = static_cast<const char*>(a.weight) + ((row + kRowGroup) * a.in + i0) * 2;
  if (row + kRowGroup >= a.rows) {
    const bool last = i0 + kDepth >= a.in;
    from = static_cast<const char*>(last ? a.next : a.weight) + (last ? 0 : i0 + kDepth) * 2;
    if (last && !a.next) return;
  }
  block->ahead = from;
  block->ahead_row = a.in * 2;
  int64_t blocks = 0;
  for (int64_t left = round_up(a.tokens, kVector); left > 0; left -= block_columns(left)) ++blocks;
  block->ahead_count = (kRowGroup + blocks - 1) / blocks;
}

// Where the block of rows r.. and tokens t.. keeps its sums: only those that wait for more
// elements need a place of their own.
float* block_sums(const LinearTask& a, int64_t r, int64_t t, int64_t tokens) {
  if (a.in <= kDepth) return a.sums;
  return a.sums + t * round_up(a.rows, kRowGroup) + r * tokens;
}

// The output of a token and 32 rows: whole lines, which go to memory past the caches.
void store_lines(const LinearTask& a, int64_t r, int64_t token, __m512 low, __m512 high) {
  if (a.bias) {
    low = _mm512_add_ps(low, _mm512_loadu_ps(a.bias + r));
    high = _mm512_add_ps(high, _mm512_loadu_ps(a.bias + r + kVector));
  }
  const int64_t at = token * a.out_stride + r;
  if (a.out_dtype == DataType::kF32) {
    float* const to = static_cast<float*>(a.out) + at;
    _mm512_stream_ps(to, low);
    _mm512_stream_ps(to + kVector, high);
    return;
  }
  const __m512bh both = _mm512_cvtne2ps_pbh(high, low);
  _mm512_stream_si512(reinterpret_cast<__m512i*>(static_cast<uint16_t*>(a.out) + at),
                      reinterpret_cast<__m512i>(both));
}

int64_t out_size(const LinearTask& a) { return a.out_dtype == DataType::kF32 ? 4 : 2; }

bool has_lines(const LinearTask& a, int64_t r) {
  const auto address = reinterpret_cast<uintptr_t>(a.out) + static_cast<uintptr_t>(r * out_size(a));
  return r + kRowGroup <= a.rows && address % 64 == 0 && a.out_stride * out_size(a) % 64 == 0 &&
         a.out_dtype != DataType::kF16;
}

// Rows r .. r + 31 of `tokens` tokens from t, as far as they exist.
void store_block(const LinearTask& a, int64_t r, int64_t t, int64_t tokens, const float* sums) {
  tokens = smaller(tokens, a.tokens - t);
  if (!has_lines(a, r)) {
    return store({.sums = sums,
                  .sums_stride = kRowGroup * kVector,
                  .lanes = kVector,
                  .rows = smaller(kRowGroup, a.rows - r),
                  .tokens = tokens,
                  .factor = nullptr,
                  .bias = a.bias ? a.bias + r : nullptr,
                  .out = static_cast<char*>(a.out) + (t * a.out_stride + r) * out_size(a),
                  .out_dtype = a.out_dtype,
                  .out_stride = a.out_stride});
  }
  for (int64_t first = 0; first < tokens; first += kVector, sums += kRowGroup * kVector) {
    __m512i low[16], high[16];
    for (int64_t i = 0; i < 16; ++i) {
      low[i] = _mm512_load_si512(sums + i * kVector);
      high[i] = _mm512_load_si512(sums + (kTileRows + i) * kVector);
    }
    transpose16(low);
    transpose16(high);
    for (int64_t i = 0; i < smaller(kVector, tokens - first); ++i) {
      store_lines(a, r, t + first + i, _mm512_castsi512_ps(low[i]), _mm512_castsi512_ps(high[i]));
    }
  }
}

void many(const LinearTask& a) {
  const TileScope tiles;
  const int64_t in = round_up(a.in, kTileDepth);
  const int64_t tokens = round_up(a.tokens, kVector);
  for (int64_t i0 = 0; i0 < in; i0 += kDepth) {
    const int64_t steps = smaller(kDepth, in - i0) / kTileDepth;
    const bool last = i0 + kDepth >= in;
    for (int64_t r = 0; r < a.rows; r += kRowGroup) {
      TileBlock block = weight_tiles(a, r, i0, steps);
      block.b = static_cast<const char*>(a.x) + i0 * tokens * 2;
      block.b_next = steps * kTileBytes;
      block.sums_next = kRowGroup * kVector;
      block.add = i0 > 0;
      prefetch_after(a, r, i0, &block);
      for (int64_t t = 0, columns; t < tokens; t += columns) {
        columns = block_columns(tokens - t);
        block.sums = block_sums(a, r, t, columns);
        multiply_tiles(block, columns);
        if (last) store_block(a, r, t, columns, block.sums);
        block.b = static_cast<const char*>(block.b) + columns / kVector * block.b_next;
        block.ahead += block.ahead_count * block.ahead_row;
      }
    }
  }
  _mm_sfence();  // before others may read the lines
}

}  // namespace

LinearKernels linear_kernels_amx() {
  return {.pack = pack,
          .store = store,
          .few = few_bf16_kernel(),
          .few_tokens = 1,
          .many = {.run = many,
                   .x_dtype = DataType::kBF16,
                   .lanes = kVector,
                   .depth = kDepth,
                   .row_group = kRowGroup,
                   .max_rows = kMaxRows,
                   .max_deep_rows = kMaxDeepRows,
                   .max_tokens = kTokens,
                   .scratch_bytes = kRowGroup * kDepth * 2}};
}

}  // namespace ferrum::cpu
