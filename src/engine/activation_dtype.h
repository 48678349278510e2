#pragma once
// In what the engine computes between its weights.

#include <optional>

#include "ferrum/backends/backend_capabilities.h"
#include "ferrum/types/dtype.h"

namespace ferrum {

// Of activations and KV cache: `wanted`; where that is left open, bf16 if the weights are bf16 and
// the backend multiplies bf16 natively, else f32.
DataType choose_activation_dtype(std::optional<DataType> wanted, DataType weights,
                                 const BackendCapabilities& backend);

}  // namespace ferrum
