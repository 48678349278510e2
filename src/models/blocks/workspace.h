#pragma once
// The scratch tensors of a model's step: planned by shape, so that their size is known before they
// exist; then one allocation, cut into slices.

#include <memory>
#include <vector>

#include "ferrum/backends/compute_backend.h"
#include "ferrum/tensor/tensor.h"

namespace ferrum {

// One slice: which member of the model's struct of scratch tensors, and what it holds.
template <class Scratch>
struct WorkspaceSlice {
  Tensor Scratch::*member;
  Shape shape;
  DataType dtype;

  int64_t size_bytes() const {
    constexpr int64_t kAlignment = 64;
    return (bytes_of(dtype, shape.numel()) + kAlignment - 1) / kAlignment * kAlignment;
  }
};

template <class Scratch>
int64_t workspace_size_bytes(const std::vector<WorkspaceSlice<Scratch>>& slices) {
  int64_t total = 0;
  for (const auto& slice : slices) total += slice.size_bytes();
  return total;
}

template <class Scratch>
Scratch create_workspace(const std::vector<WorkspaceSlice<Scratch>>& slices,
                         ComputeBackend& backend, const Device& device) {
  const std::shared_ptr<Storage> storage =
      backend.memory_manager().allocate(device, workspace_size_bytes(slices), 64);
  Scratch scratch;
  int64_t offset = 0;
  for (const auto& slice : slices) {
    scratch.*slice.member = Tensor(storage, slice.shape, slice.dtype, offset);
    offset += slice.size_bytes();
  }
  return scratch;
}

}  // namespace ferrum
