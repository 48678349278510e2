#pragma once
// The tensors that a format finds in the bytes of a source.
//
// Opening reads and checks the directory alone; every extent is inside the source afterwards.
// Thread-safe.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/tensor/tensor.h"
#include "ferrum/types/catalog.h"
#include "ferrum/types/function_ref.h"
#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/weight_metadata.h"

namespace ferrum {

class WeightReader {
 public:
  virtual ~WeightReader() = default;

  virtual const WeightMetadata& metadata() const = 0;

  // The tensor where it lies, perhaps strided, at any alignment; it keeps the bytes alive. Not
  // defined() where the source is not addressable or the format must decode first. `name` is one of
  // the metadata's, here and below.
  virtual Tensor view(std::string_view name) const = 0;

  // Hands bytes [begin, end) of the contiguous tensor to `sink`, in order, in chunks of bounded
  // size that hold whole elements. `begin` and `end` lie between elements.
  virtual void stream(std::string_view name, int64_t begin, int64_t end,
                      FunctionRef<void(std::span<const std::byte>)> sink) const = 0;
};

// What a part of the format axis registers.
struct FormatPart {
  std::string description;              // one line, for listings
  std::vector<std::string> extensions;  // ".safetensors": decides when no content matches
  // Whether the bytes look like this format; reads only as much as that takes.
  std::function<bool(const ByteSource&)> matches;
  // Throws kInvalidFormat, naming the tensor where one is at fault.
  std::function<std::unique_ptr<WeightReader>(std::shared_ptr<const ByteSource>)> open;
};

using FormatCatalog = Catalog<FormatPart>;

}  // namespace ferrum
