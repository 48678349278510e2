#include "tensor/composed_sampling.h"

#include <vector>

#include "tensor/sampling.h"

namespace ferrum {

Tensor ComposedSamplingOps::to_host(const Tensor& logits) {
  const Tensor values = factory_.empty(logits.shape(), DataType::kF32, logits.device());
  ops_.cast(logits, values);
  return factory_.to_device(values, Device::cpu());
}

void ComposedSamplingOps::store(std::span<const int32_t> tokens, const Tensor& out) {
  ops_.cast(factory_.from_values(tokens, out.shape(), out.device()), out);
}

void ComposedSamplingOps::argmax(const Tensor& logits, const Tensor& out) {
  check_sampling_shapes(logits, out);
  const Tensor host = to_host(logits);
  const auto vocab = static_cast<size_t>(logits.dim(1));
  std::vector<int32_t> tokens(static_cast<size_t>(logits.dim(0)));
  for (size_t r = 0; r < tokens.size(); ++r) {
    tokens[r] = argmax_row({host.data<float>() + r * vocab, vocab});
  }
  store(tokens, out);
}

void ComposedSamplingOps::sample(const Tensor& logits, std::span<const SamplingRow> rows,
                                 const Tensor& out) {
  check_sampling_shapes(logits, out);
  check_sampling_rows(rows, logits.dim(0), logits.dim(1));
  const Tensor host = to_host(logits);
  const auto vocab = static_cast<size_t>(logits.dim(1));
  std::vector<int32_t> tokens(rows.size());
  SamplingScratch scratch;
  for (size_t r = 0; r < rows.size(); ++r) {
    const float* row = host.data<float>() + r * vocab;
    scratch.logits.assign(row, row + vocab);
    tokens[r] = sample_row(rows[r], scratch);
  }
  store(tokens, out);
}

}  // namespace ferrum
