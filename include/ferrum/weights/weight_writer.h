#pragma once
// Tensors on their way into a file, in a format that can be written.
//
// All tensors are declared before the first byte, so that each has its place from the start: the
// file is written once, in any order of tensors, and nothing is held in memory. It grows under
// another name beside its own and gets its own when it is whole, safe on the disk; a writer that
// goes before finish() leaves nothing behind, and what had the name stays as it was.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/types/dtype.h"
#include "ferrum/types/shape.h"

namespace ferrum {

struct TensorDeclaration {
  std::string name;
  DataType dtype = DataType::kF32;
  Shape shape;
};

// Throws kResourceExhausted for a full disk, kIo for one that cannot be written, kInvalidArgument
// for bytes that were not declared.
class WeightWriter {
 public:
  virtual ~WeightWriter() = default;

  // The next bytes of a tensor: contiguous, little-endian, packed where elements are less than a
  // byte. Several threads may write tensors at once, each its own.
  virtual void write(std::string_view tensor, std::span<const std::byte> bytes) = 0;

  // Gives the file its name. Every tensor must be whole; an empty one needs no write.
  virtual void finish() = 0;
};

struct WriteRequest {
  std::string path;  // an existing file is replaced; an extension may choose a kind: .npy, .npz
  std::vector<TensorDeclaration> tensors;
  // Texts about the file as a whole. A format that has no place for them refuses any.
  std::map<std::string, std::string> metadata;
};

}  // namespace ferrum
