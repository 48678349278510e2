#include "backends/cpu/kernels/attention_f32.h"
#include "backends/cpu/kernels/avx2_vectors.h"

namespace ferrum::cpu {
namespace {

struct Widen256 {
  template <DataType kDtype>
  static void widen(const void* from, int64_t count, float* to) {
    for (int64_t i = 0; i < count; i += kVector) {
      _mm256_storeu_ps(to + i, load_first<kDtype>(from, i, count - i));
    }
  }
};

}  // namespace

AttentionKernel attention_kernel_avx2(DataType cache, int64_t head_dim) {
  return f32_kernel<F32x8, Widen256>(cache, head_dim);
}

}  // namespace ferrum::cpu
