#include "engine/activation_dtype.h"

namespace ferrum {

DataType choose_activation_dtype(std::optional<DataType> wanted, DataType weights,
                                 const BackendCapabilities& backend) {
  if (wanted) return *wanted;
  return weights == DataType::kBF16 && backend.supports_native_bf16 ? DataType::kBF16
                                                                    : DataType::kF32;
}

}  // namespace ferrum
