#include "backends/cpu/kernels/amx_tiles.h"
#include "backends/cpu/kernels/probe_kernels.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kSteps = 400;
constexpr int64_t kProducts = 4;  // independent ones: a register block of 2 x 2 tiles
constexpr int64_t kTileSums = 16 * 16;

// Zeroed operands: the time of a product does not depend on them.
void zero_tiles() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
}

int64_t multiply_bf16() {
  const TileScope tiles;
  zero_tiles();
  for (int64_t i = 0; i < kSteps; ++i) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  return kSteps * kProducts * kTileSums * 32 * 2;
}

int64_t multiply_int8() {
  const TileScope tiles;
  zero_tiles();
  for (int64_t i = 0; i < kSteps; ++i) {
    _tile_dpbssd(0, 4, 5);
    _tile_dpbssd(1, 4, 5);
    _tile_dpbssd(2, 4, 5);
    _tile_dpbssd(3, 4, 5);
  }
  return kSteps * kProducts * kTileSums * 64 * 2;
}

}  // namespace

RateKernel probe_kernel_amx_bf16() { return {"tdpbf16ps", multiply_bf16}; }
RateKernel probe_kernel_amx_int8() { return {"tdpbssd", multiply_int8}; }

}  // namespace ferrum::cpu
