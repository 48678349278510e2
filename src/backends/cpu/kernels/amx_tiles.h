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

// 32 rows of A times 16 or 32 columns of B, whose tiles follow each other step by step.
struct TileBlock {
  const void* a;
  int64_t a_row;       // bytes from one row to the next
  int64_t a_step;      // bytes from one step of kTileDepth elements to the next
  int64_t a_next;      // bytes from the first 16 rows to the other 16
  const void* b;
  int64_t b_next;      // bytes from the first 16 columns to the other 16
  int64_t steps;
  float* sums;         // [columns / 16][rows][16]
  int64_t sums_next;   // floats from the first 16 columns to the other 16
  bool add;
  // Rows of A to bring into L2 meanwhile, so many for each block of 32 columns; no prefetcher of
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

template <int kColumnTiles>
inline void multiply_tiles(const TileBlock& b) {
  float* const low = b.sums;
  float* const high = b.sums + kTileRows * kVector;
  memory_barrier();
  if (b.add) {
    _tile_loadd(0, low, 64);
    _tile_loadd(2, high, 64);
    if constexpr (kColumnTiles == 2) {
      _tile_loadd(1, low + b.sums_next, 64);
      _tile_loadd(3, high + b.sums_next, 64);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t i = 0; i < b.steps; ++i) {
    const char* const rows = static_cast<const char*>(b.a) + i * b.a_step;
    const char* const columns = static_cast<const char*>(b.b) + i * kTileBytes;
    const auto bring_near = [&](int64_t first) {  // a quarter of the rows ahead
      for (int64_t r = first; r < b.ahead_count; r += 4) {
        _mm_prefetch(b.ahead + r * b.ahead_row + i * 64, _MM_HINT_T0);
      }
    };
    if (i % kAwakeSteps == kAwakeSteps - 1) _tile_stored(6, awake_line, 0);
    _tile_loadd(4, rows, b.a_row);
    bring_near(0);
    _tile_loadd(6, columns, 64);
    _tile_dpbf16ps(0, 4, 6);
    bring_near(1);
    _tile_loadd(5, rows + b.a_next, b.a_row);
    _tile_dpbf16ps(2, 5, 6);
    bring_near(2);
    if constexpr (kColumnTiles == 2) {
      _tile_loadd(7, columns + b.b_next, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    bring_near(3);
    if constexpr (kColumnTiles == 2) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, low, 64);
  _tile_stored(2, high, 64);
  if constexpr (kColumnTiles == 2) {
    _tile_stored(1, low + b.sums_next, 64);
    _tile_stored(3, high + b.sums_next, 64);
  }
  memory_barrier();
}

// As many columns as there are, `columns` a multiple of 16.
inline void multiply_tiles(TileBlock b, int64_t columns) {
  for (; columns >= 2 * kVector; columns -= 2 * kVector) {
    multiply_tiles<2>(b);
    b.b = static_cast<const char*>(b.b) + 2 * b.b_next;
    b.sums += 2 * b.sums_next;
  }
  if (columns > 0) multiply_tiles<1>(b);
}

}  // namespace
}  // namespace ferrum::cpu
