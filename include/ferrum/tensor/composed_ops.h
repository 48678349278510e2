#pragma once
// Every kernel-op group composed from TensorOps: what runs where a backend has no kernel of its
// own, and what conformance compares kernels with.

#include <memory>

#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/tensor/tensor_ops.h"

namespace ferrum {

// All six groups, none null. `ops` and `factory` are borrowed and must outlive the result.
// Slower than kernels (it allocates per call and goes through host memory for indices and
// sampling), never wrong. Thread-safe as its parts are.
std::unique_ptr<KernelOps> create_composed_ops(TensorOps& ops, TensorFactory& factory);

// The groups a model uses: each the backend's own where it has one, else the composed one.
// Borrows `own` (may be null), `ops` and `factory`. No getter returns null.
std::unique_ptr<KernelOps> resolve_kernel_ops(KernelOps* own, TensorOps& ops,
                                              TensorFactory& factory);

}  // namespace ferrum
