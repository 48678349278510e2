#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/kernels/attention_kernels.h"
#include "backends/cpu/kernels/linear_kernels.h"
#include "backends/cpu/kernels/scalar_elements.h"

namespace ferrum::cpu {
namespace {

static_assert(kDimGroup == kPackedStep);
int64_t padded(int64_t head_dim) { return (head_dim + kDimGroup - 1) / kDimGroup * kDimGroup; }

template <DataType kCache>
void row_step(const AttentionStep& a, int64_t row) {
  const float* const query = static_cast<const float*>(a.queries) + row * padded(a.head_dim);
  float* const scores = static_cast<float*>(a.scratch);
  float largest = a.largest[row];
  for (int64_t p = 0; p < a.positions; ++p) {
    float score = 0;
    for (int64_t d = 0; d < a.head_dim; ++d) {
      score += query[d] * load_element(a.keys[p], kCache, d);
    }
    const int64_t at = a.position + p;
    const bool seen = a.first[row] <= at && at <= a.last[row];
    scores[p] = seen ? score * a.scale : -std::numeric_limits<float>::infinity();
    largest = std::max(largest, scores[p]);
  }
  const float shrink = std::exp2(a.largest[row] - largest);
  a.largest[row] = largest;
  a.total[row] *= shrink;
  float* const acc = a.acc + row * padded(a.head_dim);
  for (int64_t d = 0; d < a.head_dim; ++d) acc[d] *= shrink;
  for (int64_t p = 0; p < a.positions; ++p) {
    const float weight = std::exp2(scores[p] - largest);
    a.total[row] += weight;
    for (int64_t d = 0; d < a.head_dim; ++d) {
      acc[d] += weight * load_element(a.values[p], kCache, d);
    }
  }
}

template <DataType kCache>
void step(const AttentionStep& a) {
  for (int64_t row = 0; row < a.rows; ++row) row_step<kCache>(a, row);
}

}  // namespace

AttentionKernel attention_kernel_scalar(DataType cache, int64_t) {
  return {.step = cache == DataType::kF32   ? step<DataType::kF32>
                  : cache == DataType::kF16 ? step<DataType::kF16>
                                            : step<DataType::kBF16>,
          .query_dtype = DataType::kF32,
          .lanes = 1,
          .max_rows = 32,
          .scratch_bytes = kAttentionTile * 4};
}

}  // namespace ferrum::cpu
