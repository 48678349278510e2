#pragma once
// A file that torch.save wrote: a pickle, and the storages that it refers to. Opening reads the
// pickle and where storages lie; their bytes are not touched.

#include <memory>

#include "ferrum/weights/byte_source.h"
#include "weights/formats/pytorch/pickle.h"
#include "weights/formats/pytorch/torch_tensor.h"

namespace ferrum {

class TorchContainer {
 public:
  virtual ~TorchContainer() = default;

  virtual const Pickle& pickle() const = 0;
  virtual bool big_endian() const { return false; }

  // The storage that a persistent value of the pickle stands for, all of it inside the source.
  // Throws kInvalidFormat for what stands for none, or for one of another size than the file has.
  virtual TorchStorage storage(PickleId persistent) const = 0;
  // The tensor that a persistent value stands for itself, which is so in tar archives; else null.
  virtual const TorchTensor* find_tensor(PickleId) const { return nullptr; }

  // Where a storage begins in the source. May read the header before it, and throw kInvalidFormat.
  virtual int64_t locate(size_t storage) const = 0;
};

// What ("storage", class, key, location, elements[, view]) says. Throws kInvalidFormat.
struct TorchStorageId {
  const TorchType* type;
  std::string key;
  int64_t bytes;
  std::optional<PickleId> view;  // a part of the storage: (key, offset, elements)
};
TorchStorageId read_storage_id(const Pickle& pickle, PickleId persistent);

// Throw kInvalidFormat and, for what is not a state dict, kUnsupported.
std::unique_ptr<TorchContainer> open_torch_zip(std::shared_ptr<const ByteSource> source);
std::unique_ptr<TorchContainer> open_torch_tar(std::shared_ptr<const ByteSource> source);
std::unique_ptr<TorchContainer> open_torch_stream(std::shared_ptr<const ByteSource> source);

}  // namespace ferrum
