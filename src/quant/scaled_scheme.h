#pragma once
// Quantisation by scales: each run of `group_size` columns of a row has a scale, and its elements
// are codes that are multiplied by it. Scales, codes and their layout are those of compressed-
// tensors (https://github.com/vllm-project/compressed-tensors), bit for bit, where that has them:
//
//   symmetric   scale = max |x| / (half the range of codes), code = round(x / scale)
//   otherwise   scale = (max - min) / range, zero = round(low - min / scale),
//               code = round(x / scale + zero); min <= 0 <= max, so that 0 has a code
//
// rounded to the matrix' dtype after each step, ties to even, and clamped. A scale of 0 becomes the
// dtype's epsilon.
//
//   ""            i8 or f8 [out, in], or
//   "_packed"     i32 [out, ceil(in / 8)] of eight nibbles code + 8, the first in the lowest bits
//   "_scale"      the matrix' dtype, [out, groups]
//   "_zero_point" where not symmetric: i8 [out, groups], or i32 [ceil(out / 8), groups] of nibbles
//   "_shape"      with packed codes: i64 [2], the matrix' shape

#include "ferrum/quant/quantization_scheme.h"
#include "quant/quantize_kernels.h"

namespace ferrum {

// What the codes are.
struct CodeFormat {
  DataType dtype;   // of one code: i8, i4, f8_e4m3 or f8_e5m2
  float low, high;  // the range of codes
  const char* checkpoint_format = nullptr;  // its name in compressed-tensors; null: it has none
  bool quantises_activations = false;       // readers do that with this format, token by token
};

class ScaledScheme : public QuantizationScheme {
 public:
  static constexpr int64_t kWholeRow = -1;

  ScaledScheme(QuantizationConfig config, CodeFormat format, int64_t group_size, bool symmetric);

  const QuantizationConfig& config() const override { return config_; }
  std::vector<PartLayout> layout(DataType dtype, const Shape& shape) const override;
  void encode(const std::byte* elements, int64_t first_row, int64_t rows,
              const QuantizedTensor& out) const override;
  void decode(const QuantizedTensor& weight, int64_t first_row, int64_t rows,
              std::span<float> out) const override;
  Json checkpoint_config(std::span<const std::string> dense) const override;

 private:
  struct Row;  // one being encoded

  bool packed() const { return format_.dtype == DataType::kI4; }
  int64_t groups_of(int64_t columns) const;
  void find_scales(Row& row) const;
  void find_shifted_scales(Row& row) const;
  void encode_row(const Row& row, const QuantizedTensor& out) const;
  void write_zeros(const Row& row, const Tensor& zeros) const;

  QuantizationConfig config_;
  CodeFormat format_;
  int64_t group_size_;
  bool symmetric_;
};

}  // namespace ferrum
