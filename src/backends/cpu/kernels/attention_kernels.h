#pragma once
// The inner step of paged attention, one function per instruction set and cache dtype: up to
// kAttentionTile cached positions against the query rows of one task.
//
// Query rows (tokens x heads that share a KV head) lie in the lanes of the vectors, so that the
// softmax over positions needs no sum across lanes, keys are read in place, and both products are
// the one of register_block.h:
//   scores [position, row] = K [position, dim] q^T [dim, row]
//   acc    [dim, row]     += V^T [dim, position] p^T [position, row]
// As with linear_kernels.h, sources compiled for an instruction set include nothing else.

#include <cstdint>

#include "ferrum/types/dtype.h"

namespace ferrum {

enum class Isa;

namespace cpu {

inline constexpr int64_t kAttentionTile = 128;  // positions per step
inline constexpr int64_t kDimGroup = 32;
inline constexpr int64_t kMaxAttentionRows = 128;

struct AttentionStep {
  const void* const* keys;    // one pointer per position, each to head_dim elements
  const void* const* values;
  int64_t positions;          // 1 .. kAttentionTile
  int64_t position;           // of keys[0] in the sequence
  int64_t head_dim;
  const void* queries;        // packed as linear_kernels.h says, `lanes` of AttentionKernel
  int64_t rows;               // a multiple of lanes
  const int32_t* first;       // [rows] the positions that each row sees
  const int32_t* last;        // [rows]
  bool masked;                // some row does not see some of these positions
  float scale;                // of the scores, with the log2 e that makes weights powers of two
  float* largest;             // [rows] running maximum of the scores; starts at kNoScore
  float* total;               // [rows] running sum of 2^(score - largest); starts at 0
  float* acc;                 // running sum of 2^(...) * value; starts at 0:
                              // [rows / lanes][head_dim padded to kDimGroup][lanes]
  void* scratch;              // scratch_bytes, 64-byte aligned
};

// Below every score, but finite: the difference of two of them is 0, not NaN.
inline constexpr float kNoScore = -3.0e38f;

struct AttentionKernel {
  void (*step)(const AttentionStep&);
  DataType query_dtype;   // of the packed queries
  int64_t lanes;
  int64_t max_rows;       // per task, at most kMaxAttentionRows
  int64_t scratch_bytes;
};

// cache: f32, f16 or bf16.
AttentionKernel attention_kernel(Isa isa, DataType cache, int64_t head_dim);

AttentionKernel attention_kernel_scalar(DataType cache, int64_t head_dim);
AttentionKernel attention_kernel_avx2(DataType cache, int64_t head_dim);
AttentionKernel attention_kernel_avx512(DataType cache, int64_t head_dim);
// bf16 caches only: queries and probabilities are rounded to bf16.
AttentionKernel attention_kernel_avx512_bf16(int64_t head_dim);
AttentionKernel attention_kernel_amx(int64_t head_dim);

}  // namespace cpu
}  // namespace ferrum
