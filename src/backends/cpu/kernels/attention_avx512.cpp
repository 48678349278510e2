#include "backends/cpu/kernels/attention_f32.h"
#include "backends/cpu/kernels/avx512_vectors.h"

namespace ferrum::cpu {
namespace {

struct Widen512 {
  template <DataType kDtype>
  static void widen(const void* from, int64_t count, float* to) {
    for (int64_t i = 0; i < count; i += kVector) {
      _mm512_storeu_ps(to + i, load_masked<kDtype>(from, i, lanes16(count - i)));
    }
  }
};

}  // namespace

AttentionKernel attention_kernel_avx512(DataType cache, int64_t head_dim) {
  return f32_kernel<F32x16, Widen512>(cache, head_dim);
}

}  // namespace ferrum::cpu
