#pragma once
// The inner loops of LinearOps, one table per instruction set and weight dtype.
//
// All of them compute the transposed product  sums[o, t] = sum over i of weight[o, i] * x[t, i],
// so that weights are read in place, row by row, as they lie in the checkpoint, and only the
// activations, which are small, are rearranged. Sources compiled for an instruction set include
// nothing but this header and intrinsics: an inline function of the standard library, compiled
// for AVX-512 there, could be the copy that the linker keeps for the whole program.

#include <cstdint>

#include "ferrum/types/dtype.h"

namespace ferrum {

enum class Isa;

namespace cpu {

// Activations as the kernels read them: [in / depth][tokens / lanes][depth / u][lanes][u] with
// u = 1 for f32 and 2 for bf16 (a pair fills 32 bits). `in` is padded to a multiple of kPackedStep
// (so the last block of `depth` may be shorter) and the tokens to a multiple of lanes, with zeros.
// A block of depth is what the kernel works on at a time: contiguous, so that its groups do not
// fall into the same sets of the cache. lanes = 1 and depth >= in: plain rows.
inline constexpr int64_t kPackedStep = 32;

struct PackArgs {
  const void* x;      // [tokens, in], rows `stride` elements apart
  DataType x_dtype;   // f32, f16 or bf16
  int64_t stride;
  int64_t tokens;
  int64_t begin, end; // the tokens to pack in this call; begin a multiple of lanes
  int64_t in;
  DataType packed_dtype;  // f32 or bf16
  int64_t lanes;
  int64_t depth;      // a multiple of kPackedStep
  void* packed;       // 64-byte aligned
};

// Rows of the weight times packed tokens, into their place in the output:
// out[t, r] = sum over i of weight[r, i] * x[t, i], plus bias[r] where there is a bias.
// With a second weight `up`: out = silu(that) * the same of `up`.
struct LinearTask {
  const void* weight;  // first of the rows, each `in` elements, one after the other
  const void* up;      // likewise, or null
  int64_t in;
  int64_t rows;
  const void* x;       // packed
  int64_t tokens;
  const float* bias;   // or null
  const float* up_bias;
  void* out;           // rows `out_stride` elements apart
  DataType out_dtype;
  int64_t out_stride;
  float* sums;         // rows x padded tokens for each weight, this thread's, 64-byte aligned
  void* scratch;       // LinearKernel::scratch_bytes, likewise
  const void* next;    // rows that are likely to come next, worth bringing near; or null
};

struct LinearKernel {
  void (*run)(const LinearTask&);
  DataType x_dtype;       // of the packed activations
  int64_t lanes;
  int64_t depth;          // of the packed activations; 0: all of `in`
  int64_t row_group;      // rows are handled in groups of this many
  int64_t max_rows;       // of a task, for the sake of the caches
  int64_t max_deep_rows = 0;  // likewise where `in` exceeds depth; 0: max_rows
  int64_t max_tokens = 0;     // likewise; 0: any number
  int64_t scratch_bytes = 0;
  bool gated = false;         // LinearTask::up may be set
};

// out[t, r] = sums * factor[t] + bias[r]; factor and bias may be null.
struct StoreArgs {
  const float* sums;  // [tokens / lanes][rows][lanes], groups sums_stride elements apart
  int64_t sums_stride;
  int64_t lanes;
  int64_t rows;
  int64_t tokens;
  const float* factor;
  const float* bias;
  void* out;          // rows `out_stride` elements apart
  DataType out_dtype;
  int64_t out_stride;
};

struct LinearKernels {
  void (*pack)(const PackArgs&);
  void (*store)(const StoreArgs&);
  LinearKernel few;    // up to few_tokens: reads each weight once, at the speed of memory
  int64_t few_tokens;
  LinearKernel many;   // any number
};

// weight: f32, f16 or bf16. The second level of each ISA table.
LinearKernels linear_kernels(Isa isa, DataType weight);

LinearKernels linear_kernels_scalar(DataType weight);
LinearKernels linear_kernels_avx2(DataType weight);
LinearKernels linear_kernels_avx512(DataType weight);
// bf16 weights only.
LinearKernels linear_kernels_avx512_bf16();
LinearKernels linear_kernels_amx();

}  // namespace cpu
}  // namespace ferrum
