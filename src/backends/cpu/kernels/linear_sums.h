#pragma once
// A LinearTask as a product, whose sums a kernel leaves in memory, and the store of all of them.
// Included only by sources compiled for an instruction set; everything here has internal linkage.

#include "backends/cpu/kernels/linear_kernels.h"

namespace ferrum::cpu {
namespace {

// Rows of a few-token product are read in this many streams at a distance, so that each is one
// long sequential read and several DRAM pages are open at once.
constexpr int64_t kStreams = 4;
constexpr int64_t kPrefetchBytes = 1024;

struct MultiplyArgs {
  const void* weight;   // these as in LinearTask
  int64_t in;
  int64_t rows;
  const void* x;
  int64_t tokens;
  float* sums;          // [tokens / lanes][rows][lanes]
  int64_t sums_stride;  // elements from one group of tokens to the next
  void* scratch;
};

template <void (*kMultiply)(const MultiplyArgs&), void (*kStore)(const StoreArgs&),
          int64_t kLanes>
void multiply_and_store(const LinearTask& a) {
  const int64_t stride = a.rows * kLanes;
  kMultiply({.weight = a.weight,
             .in = a.in,
             .rows = a.rows,
             .x = a.x,
             .tokens = a.tokens,
             .sums = a.sums,
             .sums_stride = stride,
             .scratch = a.scratch});
  kStore({.sums = a.sums,
          .sums_stride = stride,
          .lanes = kLanes,
          .rows = a.rows,
          .tokens = a.tokens,
          .factor = nullptr,
          .bias = a.bias,
          .out = a.out,
          .out_dtype = a.out_dtype,
          .out_stride = a.out_stride});
}

}  // namespace
}  // namespace ferrum::cpu
