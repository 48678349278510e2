// The attention step with AMX tiles: keys are copied into tiles, values transposed into them.

#include "backends/cpu/kernels/amx_tiles.h"
#include "backends/cpu/kernels/attention_bf16.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kMaxRows = kMaxAttentionRows;

// Tiles [positions / 16][dims / 32][16 positions][32 dims]; zeros outside.
void copy_keys(const AttentionStep& a, char* to) {
  const int64_t steps = round_up(a.head_dim, kTileDepth) / kTileDepth;
  for (int64_t p = 0; p < round_up(a.positions, 2 * kTileRows); ++p) {
    char* const row = to + (p / kTileRows * steps * kTileRows + p % kTileRows) * 64;
    for (int64_t s = 0; s < steps; ++s) {
      const bool inside = p < a.positions;
      const uint16_t* const from = static_cast<const uint16_t*>(a.keys[inside ? p : 0]);
      const __mmask32 mask = inside ? lanes32(a.head_dim - s * kTileDepth) : 0;
      _mm512_store_si512(row + s * kTileBytes,
                         _mm512_maskz_loadu_epi16(mask, from + s * kTileDepth));
    }
  }
}

// Tiles [dims / 16][positions / 32][16 dims][32 positions]; zeros outside.
void transpose_values(const AttentionStep& a, char* to) {
  const int64_t steps = round_up(a.positions, kTileDepth) / kTileDepth;
  for (int64_t d = 0; d < round_up(a.head_dim, kDimGroup); d += kTileRows) {
    for (int64_t s = 0; s < steps; ++s, to += kTileBytes) {
      __m512i rows[16];
      for (int64_t j = 0; j < 16; ++j) rows[j] = value_pairs(a, s * kTileDepth + 2 * j, d);
      transpose16(rows);
      for (int64_t j = 0; j < 16; ++j) _mm512_store_si512(to + j * 64, rows[j]);
    }
  }
}

void step(const AttentionStep& a) {
  const TileScope tiles;
  float* const scores = static_cast<float*>(a.scratch);
  __m512i* const weights = reinterpret_cast<__m512i*>(scores + kAttentionTile * kMaxRows);
  char* const copy = reinterpret_cast<char*>(weights + kMaxRows / kVector * kPairs);
  const int64_t dim_steps = round_up(a.head_dim, kTileDepth) / kTileDepth;
  const int64_t position_steps = round_up(a.positions, kTileDepth) / kTileDepth;
  copy_keys(a, copy);
  for (int64_t p = 0; p < a.positions; p += 2 * kTileRows) {
    multiply_columns({.a = copy + p / kTileRows * dim_steps * kTileBytes,
                    .a_row = 64,
                    .a_step = kTileBytes,
                    .a_next = dim_steps * kTileBytes,
                    .b = a.queries,
                    .b_next = dim_steps * kTileBytes,
                    .steps = dim_steps,
                    .sums = scores + p * kVector,
                    .sums_next = kAttentionTile * kVector,
                    .add = false},
                   a.rows);
  }
  softmax_pairs(a, scores, weights);
  transpose_values(a, copy);
  for (int64_t d = 0; d < a.head_dim; d += 2 * kTileRows) {
    multiply_columns({.a = copy + d / kTileRows * position_steps * kTileBytes,
                    .a_row = 64,
                    .a_step = kTileBytes,
                    .a_next = position_steps * kTileBytes,
                    .b = weights,
                    .b_next = kPairs * 64,
                    .steps = position_steps,
                    .sums = a.acc + d * kVector,
                    .sums_next = padded_dims(a.head_dim) * kVector,
                    .add = true},
                   a.rows);
  }
}

}  // namespace

AttentionKernel attention_kernel_amx(int64_t head_dim) {
  return {.step = step,
          .query_dtype = DataType::kBF16,
          .lanes = kVector,
          .max_rows = kMaxRows,
          .scratch_bytes = kAttentionTile * kMaxRows * 4 + kPairs * kMaxRows * 4 +
                           kAttentionTile * round_up(head_dim, kDimGroup) * 2};
}

}  // namespace ferrum::cpu
