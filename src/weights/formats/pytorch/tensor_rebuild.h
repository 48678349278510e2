#pragma once
// The calls by which a pickle rebuilds tensors, understood instead of made.

#include "weights/formats/pytorch/torch_container.h"

namespace ferrum {

// Whether the value stands for a tensor, even of a kind that cannot be read.
bool is_torch_tensor(const TorchContainer& container, PickleId id);

// Throws kInvalidFormat, or kUnsupported for sparse, quantised and other tensors that are not
// elements in a storage.
TorchTensor read_torch_tensor(const TorchContainer& container, PickleId id);

}  // namespace ferrum
