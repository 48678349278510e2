#pragma once
// Products of AMX tiles by TDPBF16PS (Intel SDM vol. 1, chapter 18): 16 rows x 32 elements of A
// times 32 elements x 16 columns of B, both bf16, into 16 x 16 sums in f32. B is stored in pairs:
// [16, 16 columns, 2]. Included only by sources compiled for AMX; internal linkage.

#include "backends/cpu/kernels/avx512_vectors.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kTileRows = 16;
constexpr int64_t kTileDepth = 32;  // elements of a row of A
constexpr int64_t kTileBytes = 1024;

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Static, since the intrinsic of GCC tells the compiler of its first bytes only.
constexpr TileConfig kAllTiles;

// All eight tiles at full size, for as long as it lives, on this thread.
class TileScope {
 public:
  TileScope() { _tile_loadconfig(&kAllTiles); }
  ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// The tile intrinsics of GCC do not say that they read memory.
inline void memory_barrier() { __asm__ volatile("" ::: "memory"); }

// 32 rows of A times 16, 32 or 48 columns of B, whose tiles follow each other step by step.
struct TileBlock {
  const void* a;
  int64_t a_row;       // bytes from one row to the next
  int64_t a_step;      // bytes from one step of kTileDepth elements to the next
  int64_t a_next;      // bytes from the first 16 rows to the other 16
  const void* b;
  int64_t b_next;      // bytes from 16 columns to the next
  int64_t steps;
  float* sums;         // [columns / 16][rows][16]
  int64_t sums_next;   // floats from 16 columns to the next
  bool add;
  // Rows of A to bring into L2 meanwhile, so many for each block of columns; no prefetcher of
  // the hardware follows 32 rows, and all at once they would wait for each other.
  const char* ahead = nullptr;
  int64_t ahead_row = 0;    // bytes from one row to the next
  int64_t ahead_count = 0;  // rows for a block of columns
};

// The unit that stores tiles falls asleep within a microsecond, and to wake it holds up everything
// for about 300 ns: measured on Sapphire Rapids, said in no manual. One line stored every so many
// steps keeps it awake.
constexpr int64_t kAwakeSteps = 8;
alignas(64) inline thread_local char awake_line[64];

// Tile 2 c + r holds the sums of 16 rows r and 16 columns c.
template <int kColumnTiles>
inline void begin_sums(const TileBlock& b) {
  const float* const high = b.sums + kTileRows * kVector;
  if (!b.add) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    return;
  }
  _tile_loadd(0, b.sums, 64);
  _tile_loadd(1, high, 64);
  if constexpr (kColumnTiles > 1) {
    _tile_loadd(2, b.sums + b.sums_next, 64);
    _tile_loadd(3, high + b.sums_next, 64);
  }
  if constexpr (kColumnTiles > 2) {
    _tile_loadd(4, b.sums + 2 * b.sums_next, 64);
    _tile_loadd(5, high + 2 * b.sums_next, 64);
  }
}

template <int kColumnTiles>
inline void end_sums(const TileBlock& b) {
  float* const high = b.sums + kTileRows * kVector;
  _tile_stored(0, b.sums, 64);
  _tile_stored(1, high, 64);
  if constexpr (kColumnTiles > 1) {
    _tile_stored(2, b.sums + b.sums_next, 64);
    _tile_stored(3, high + b.sums_next, 64);
  }
  if constexpr (kColumnTiles > 2) {
    _tile_stored(4, b.sums + 2 * b.sums_next, 64);
    _tile_stored(5, high + 2 * b.sums_next, 64);
  }
}

// A quarter of the rows ahead, for one step.
inline void bring_near(const TileBlock& b, int64_t step, int64_t quarter) {
  for (int64_t r = quarter; r < b.ahead_count; r += 4) {
    _mm_prefetch(b.ahead + r * b.ahead_row + step * 64, _MM_HINT_T0);
  }
}

// One step: every tile of A times every tile of B. With three columns two tiles are left for
// operands, and some are loaded again, from L1.
template <int kColumnTiles>
inline void multiply_step(const TileBlock& b, int64_t i) {
  const char* const low = static_cast<const char*>(b.a) + i * b.a_step;
  const char* const high = low + b.a_next;
  const char* const columns = static_cast<const char*>(b.b) + i * kTileBytes;
  if constexpr (kColumnTiles == 3) {
    _tile_loadd(6, low, b.a_row);
    bring_near(b, i, 0);
    _tile_loadd(7, columns, 64);
    _tile_dpbf16ps(0, 6, 7);
    bring_near(b, i, 1);
    _tile_loadd(7, columns + b.b_next, 64);
    _tile_dpbf16ps(2, 6, 7);
    bring_near(b, i, 2);
    _tile_loadd(7, columns + 2 * b.b_next, 64);
    _tile_dpbf16ps(4, 6, 7);
    bring_near(b, i, 3);
    _tile_loadd(6, high, b.a_row);
    _tile_dpbf16ps(5, 6, 7);
    _tile_loadd(7, columns + b.b_next, 64);
    _tile_dpbf16ps(3, 6, 7);
    _tile_loadd(7, columns, 64);
    _tile_dpbf16ps(1, 6, 7);
  } else {
    _tile_loadd(4, low, b.a_row);
    bring_near(b, i, 0);
    _tile_loadd(7, columns, 64);
    _tile_dpbf16ps(0, 4, 7);
    bring_near(b, i, 1);
    _tile_loadd(5, high, b.a_row);
    _tile_dpbf16ps(1, 5, 7);
    bring_near(b, i, 2);
    if constexpr (kColumnTiles == 2) {
      _tile_loadd(6, columns + b.b_next, 64);
      _tile_dpbf16ps(2, 4, 6);
    }
    bring_near(b, i, 3);
    if constexpr (kColumnTiles == 2) _tile_dpbf16ps(3, 5, 6);
  }
}

template <int kColumnTiles>
inline void multiply_tiles(const TileBlock& b) {
  memory_barrier();
  begin_sums<kColumnTiles>(b);
  for (int64_t i = 0; i < b.steps; ++i) {
    if (i % kAwakeSteps == kAwakeSteps - 1) _tile_stored(7, awake_line, 0);
    multiply_step<kColumnTiles>(b, i);
  }
  end_sums<kColumnTiles>(b);
  memory_barrier();
}

// 16, 32 or 48 columns at a time: 16 have one product per load, so rather 32 + 32 than 48 + 16.
inline int64_t block_columns(int64_t columns) {
  return columns <= 2 * kVector || columns == 4 * kVector ? smaller(columns, 2 * kVector)
                                                          : 3 * kVector;
}
inline void multiply_tiles(const TileBlock& b, int64_t columns) {
  if (columns == kVector) return multiply_tiles<1>(b);
  columns == 2 * kVector ? multiply_tiles<2>(b) : multiply_tiles<3>(b);
}

// As many columns as there are, a multiple of 16.
inline void multiply_columns(TileBlock b, int64_t columns) {
  for (int64_t n; columns > 0; columns -= n) {
    n = block_columns(columns);
    multiply_tiles(b, n);
    b.b = static_cast<const char*>(b.b) + n / kVector * b.b_next;
    b.sums += n / kVector * b.sums_next;
  }
}

}  // namespace
}  // namespace ferrum::cpu
