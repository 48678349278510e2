#include "backends/cpu/finite_check.h"

#include <cmath>
#include <string>

#include "backends/cpu/element_loop.h"

namespace ferrum {
namespace {

float element(const Tensor& tensor, int64_t offset) {
  switch (tensor.dtype()) {
    case DataType::kF32:
      return tensor.data<float>()[offset];
    case DataType::kF16:
      return to_float(tensor.data<Float16>()[offset]);
    case DataType::kBF16:
      return to_float(tensor.data<BFloat16>()[offset]);
    default:
      return 0;
  }
}

// "[1, 4]" for a position in row-major order.
std::string index_of(const Shape& shape, int64_t position) {
  std::string text;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    text = std::to_string(position % shape[d]) + (text.empty() ? "" : ", ") + text;
    position /= shape[d];
  }
  return "[" + text + "]";
}

}  // namespace

void check_finite(const Tensor& tensor) {
  const ElementLoop<1> loop(tensor.shape(), {&tensor});
  int64_t position = 0;
  loop.run(0, loop.count(), loop.count(), [&](const auto& run) {
    for (int64_t i = 0; i < run.length; ++i, ++position) {
      const float value = element(tensor, run.offset[0] + i * loop.inner_stride(0));
      if (std::isfinite(value)) continue;
      throw Error(ErrorCode::kInvalidFormat,
                  "the output " + to_string(tensor) + " has " + std::to_string(value) + " at " +
                      index_of(tensor.shape(), position),
                  "look for NaN or overflow in the weights and in the operations before");
    }
  });
}

}  // namespace ferrum
