#pragma once
// The only names that a checkpoint may refer to: those that torch.load(weights_only=True) allows.
// None of them is ever imported or called; each stands for a kind of data.
// https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ferrum/types/dtype.h"

namespace ferrum {

// The type of the elements of a tensor or a storage.
struct TorchType {
  std::string_view name;  // "float32"
  std::string_view stem;  // of FloatStorage and FloatTensor; empty: has none
  int bytes;              // of an element; packed types are counted in bytes
  std::optional<DataType> dtype = std::nullopt;  // nullopt: not a type of this library
};
extern const TorchType kTorchByte;  // of storages without a type

enum class TorchRole : uint8_t {
  kOrderedDict,    // also Counter
  kParameter,      // (tensor, ...)
  kTensorClass,    // (storage, offset, size, stride), or the same as its state
  kStorageClass,   // with its type
  kDtype,          // with its type
  kRebuildTensor,  // (storage, offset, size, stride, ...)
  kRebuildTyped,   // the same with the type behind `hooks`
  kRebuildOuter,   // (tensor, ...): a parameter, or what was copied to the host
  kRebuildAs,      // (rebuild, class, arguments of rebuild, state)
  kUnsupported,    // makes tensors that are none of elements in rows: sparse, quantised, ...
  kPlain,          // torch.Size, torch.device, ...: no tensor comes of it
};

struct TorchGlobal {
  std::string name;  // "torch._utils._rebuild_tensor_v2"
  TorchRole role;
  const TorchType* type = nullptr;  // of a storage class or a dtype
};

// Nothing for any other name. Names of Python 2 are found under those of Python 3.
std::optional<TorchGlobal> find_torch_global(std::string_view module, std::string_view name);

}  // namespace ferrum
