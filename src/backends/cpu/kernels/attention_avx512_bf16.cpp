// The attention step with VDPBF16PS: keys in place, values interleaved by pairs of positions.

#include "backends/cpu/kernels/attention_bf16.h"
#include "backends/cpu/kernels/register_block.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kMaxRows = 64;

struct RowPointers { const uint16_t* row[8]; };

template <int kElements>
auto key_rows(const AttentionStep& a, int64_t offset) {
  return [&a, offset](int64_t r0) {
    RowPointers rows;
    for (int64_t j = 0; j < 8; ++j) {
      const int64_t r = smaller(r0 + j, a.positions - 1);
      rows.row[j] = static_cast<const uint16_t*>(a.keys[r]) + offset;
    }
    return [rows](int r, int64_t i) { return Bf16x32::broadcast<kElements>(rows.row[r] + 2 * i); };
  };
}

// Groups of 16 rows, `stride` bytes apart, of pairs.
auto row_groups(const void* x, int64_t stride) {
  return [=](int64_t n0) {
    return [=, from = static_cast<const char*>(x) + n0 * stride](int n, int64_t i) {
      return Bf16x32::operand(from + n * stride + i * 64);
    };
  };
}

void multiply_keys(const AttentionStep& a, float* scores) {
  const int64_t vectors = a.rows / kVector;
  const int64_t stride = round_up(a.head_dim, 32) * kVector * 2;
  const int64_t pairs = a.head_dim / 2;
  blocks<Bf16x32>(a.positions, vectors, pairs, key_rows<2>(a, 0), row_groups(a.queries, stride),
                  scores, kAttentionTile * kVector, false);
  if (a.head_dim % 2) {
    const char* const last = static_cast<const char*>(a.queries) + pairs * 64;
    blocks<Bf16x32>(a.positions, vectors, 1, key_rows<1>(a, 2 * pairs), row_groups(last, stride),
                    scores, kAttentionTile * kVector, true);
  }
}

void step(const AttentionStep& a) {
  float* const scores = static_cast<float*>(a.scratch);
  __m512i* const weights = reinterpret_cast<__m512i*>(scores + kAttentionTile * kMaxRows);
  int32_t* const values = reinterpret_cast<int32_t*>(weights + kMaxRows / kVector * kPairs);
  const int64_t dims = round_up(a.head_dim, kVector);
  multiply_keys(a, scores);
  softmax_pairs(a, scores, weights);
  for (int64_t p = 0; p < a.positions; p += 2) {
    for (int64_t d = 0; d < a.head_dim; d += kVector) {
      _mm512_store_si512(values + p / 2 * dims + d, value_pairs(a, p, d));
    }
  }
  blocks<Bf16x32>(
      a.head_dim, a.rows / kVector, (a.positions + 1) / 2,
      [=](int64_t d0) {
        return [=, from = values + d0](int r, int64_t i) {
          return Bf16x32::broadcast<2>(from + i * dims + r);
        };
      },
      row_groups(weights, kPairs * 64), a.acc, padded_dims(a.head_dim) * kVector, true);
}

}  // namespace

AttentionKernel attention_kernel_avx512_bf16(int64_t head_dim) {
  return {.step = step,
          .query_dtype = DataType::kBF16,
          .lanes = kVector,
          .max_rows = kMaxRows,
          .scratch_bytes = kAttentionTile * kMaxRows * 4 + kPairs * kMaxRows * 4 +
                           kPairs * round_up(head_dim, kVector) * 4};
}

}  // namespace ferrum::cpu
