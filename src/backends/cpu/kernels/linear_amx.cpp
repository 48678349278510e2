// LinearOps with AMX tiles: TDPBF16PS multiplies 16 rows x 32 elements of the weight, as it lies,
// by 32 elements x 16 tokens of packed x. (Intel AMX: SDM vol. 1, chapter 18.)
//
// A register block is 2 x 2 tiles of sums. Per step of 32 elements it loads four tiles and does
// four products; a load from L1 costs half a product, one from L2 more than a whole, so one side
// has to stay in L1: 32 rows x kDepth of the weight, copied there (rows that lie 4 KiB apart would
// fall into the same few sets of the cache). The other side, x, streams from L2.

#include "backends/cpu/kernels/linear_few_bf16.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kTileRows = 16;
constexpr int64_t kStep = 32;         // elements of `in` per tile
constexpr int64_t kRowGroup = 32;     // rows of a register block
constexpr int64_t kDepth = 512;       // of a cache block: 32 rows x 512 x bf16 is 32 KiB
constexpr int64_t kMaxRows = 256;
constexpr int64_t kTileBytes = 1024;

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// The tile intrinsics of GCC do not say that they read memory.
inline void memory_barrier() { __asm__ volatile("" ::: "memory"); }

struct Block {
  const char* w;       // two tiles of 16 rows, packed: step after step, kTileBytes each
  int64_t w_next;      // bytes from one tile of 16 rows to the next
  const char* x;       // groups of 16 tokens, packed
  int64_t x_next;      // bytes from one group to the next
  int64_t steps;
  float* sums;
  int64_t sums_bytes;  // from one row to the next
  bool add;
};

template <int kGroups>
void block(const Block& b) {
  float* const low = b.sums;
  float* const high = b.sums + kTileRows * b.sums_bytes / 4;
  memory_barrier();
  if (b.add) {
    _tile_loadd(0, low, b.sums_bytes);
    _tile_loadd(2, high, b.sums_bytes);
    if constexpr (kGroups == 2) {
      _tile_loadd(1, low + 16, b.sums_bytes);
      _tile_loadd(3, high + 16, b.sums_bytes);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t i = 0; i < b.steps; ++i) {
    const char* const w = b.w + i * kTileBytes;
    const char* const x = b.x + i * kTileBytes;
    _tile_loadd(4, w, 64);
    _tile_loadd(6, x, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, w + b.w_next, 64);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (kGroups == 2) {
      _tile_loadd(7, x + b.x_next, 64);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, low, b.sums_bytes);
  _tile_stored(2, high, b.sums_bytes);
  if constexpr (kGroups == 2) {
    _tile_stored(1, low + 16, b.sums_bytes);
    _tile_stored(3, high + 16, b.sums_bytes);
  }
  memory_barrier();
}

// Tiles [2][steps][16 rows][32] of the weight's rows `row`.. and elements i0..; zeros outside.
void copy_tiles(const MultiplyArgs& a, int64_t row, int64_t i0, int64_t steps, char* to) {
  for (int64_t r = 0; r < kRowGroup; ++r) {
    char* const tile_row = to + (r / kTileRows * steps * kTileRows + r % kTileRows) * 64;
    const bool inside = row + r < a.rows;
    const uint16_t* const from =
        static_cast<const uint16_t*>(a.weight) + (inside ? (row + r) * a.in + i0 : 0);
    for (int64_t s = 0; s < steps; ++s) {
      const __mmask32 mask = inside ? lanes32(a.in - i0 - s * kStep) : 0;
      _mm512_store_si512(tile_row + s * kTileBytes,
                         _mm512_maskz_loadu_epi16(mask, from + s * kStep));
    }
  }
}

void many(const MultiplyArgs& a) {
  const TileConfig config;
  _tile_loadconfig(&config);
  const int64_t in = round_up(a.in, kStep);
  char* const w = static_cast<char*>(a.scratch);
  for (int64_t i0 = 0; i0 < in; i0 += kDepth) {
    const int64_t steps = smaller(kDepth, in - i0) / kStep;
    for (int64_t r = 0; r < a.rows; r += kRowGroup) {
      copy_tiles(a, r, i0, steps, w);
      for (int64_t t = 0; t < a.tokens; t += 2 * kVector) {
        const Block b{w, steps * kTileBytes,
                      static_cast<const char*>(a.x) + (t * in + i0 * kVector) * 2,
                      in * kVector * 2, steps, a.sums + r * a.sums_stride + t,
                      a.sums_stride * 4, i0 > 0};
        a.tokens - t > kVector ? block<2>(b) : block<1>(b);
      }
    }
  }
  _tile_release();
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
                   .row_group = kRowGroup,
                   .max_rows = kMaxRows,
                   .scratch_bytes = kRowGroup * kDepth * 2,
                   .token_major = false}};
}

}  // namespace ferrum::cpu
