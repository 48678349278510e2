// The plain loops: what runs on any machine, and the definition of pack and store.

#include "backends/cpu/kernels/linear_sums.h"
#include "backends/cpu/kernels/scalar_elements.h"

namespace ferrum::cpu {
namespace {

void pack(const PackArgs& a) {
  const int64_t pair = a.packed_dtype == DataType::kBF16 ? 2 : 1;
  const int64_t in = (a.in + kPackedStep - 1) / kPackedStep * kPackedStep;
  const auto padded = [&](int64_t tokens) { return (tokens + a.lanes - 1) / a.lanes * a.lanes; };
  for (int64_t t = a.begin; t < padded(a.end); ++t) {
    for (int64_t i = 0; i < in; ++i) {
      const bool inside = t < a.tokens && i < a.in;
      const float value = inside ? load_element(a.x, a.x_dtype, t * a.stride + i) : 0.0f;
      const int64_t first = i / a.depth * a.depth;  // of the block
      const int64_t depth = in - first < a.depth ? in - first : a.depth;
      const int64_t group = first * padded(a.tokens) + t / a.lanes * a.lanes * depth;
      const int64_t lane = (i - first) / pair * pair * a.lanes + t % a.lanes * pair + i % pair;
      store_element(a.packed, a.packed_dtype, group + lane, value);
    }
  }
}

void store(const StoreArgs& a) {
  for (int64_t t = 0; t < a.tokens; ++t) {
    for (int64_t r = 0; r < a.rows; ++r) {
      float value = a.sums[t / a.lanes * a.sums_stride + r * a.lanes + t % a.lanes];
      if (a.factor) value *= a.factor[t];
      if (a.bias) value += a.bias[r];
      store_element(a.out, a.out_dtype, t * a.out_stride + r, value);
    }
  }
}

template <DataType kWeight>
void multiply(const MultiplyArgs& a) {
  const int64_t stride = (a.in + kPackedStep - 1) / kPackedStep * kPackedStep;
  const float* const x = static_cast<const float*>(a.x);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t t = 0; t < a.tokens; ++t) {
      float sum = 0;
      for (int64_t i = 0; i < a.in; ++i) {
        sum += load_element(a.weight, kWeight, r * a.in + i) * x[t * stride + i];
      }
      a.sums[t * a.sums_stride + r] = sum;
    }
  }
}

template <DataType kWeight>
constexpr LinearKernel kernel() {
  return {.run = multiply_and_store<multiply<kWeight>, store, 1>,
          .x_dtype = DataType::kF32,
          .lanes = 1,
          .depth = 0,
          .row_group = 1,
          .max_rows = 64,
          .max_tokens = 0,
          .scratch_bytes = 0};
}

}  // namespace

LinearKernels linear_kernels_scalar(DataType weight) {
  const LinearKernel only = weight == DataType::kF32   ? kernel<DataType::kF32>()
                            : weight == DataType::kF16 ? kernel<DataType::kF16>()
                                                       : kernel<DataType::kBF16>();
  return {.pack = pack, .store = store, .few = only, .few_tokens = 0, .many = only};
}

}  // namespace ferrum::cpu
