#pragma once
// The tensors that a format finds in the bytes of a source.
//
// Opening reads and checks the directory alone; every extent is inside the source afterwards.
// Thread-safe.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/tensor/tensor.h"
#include "ferrum/types/catalog.h"
#include "ferrum/types/function_ref.h"
#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_metadata.h"
#include "ferrum/weights/weight_source.h"
#include "ferrum/weights/weight_writer.h"

namespace ferrum {

// Addresses without bytes: what a tensor in a file is a view of, whether or not the file can be
// addressed.
std::shared_ptr<Storage> extent_storage(int64_t bytes);

// Where the elements of a tensor lie in a source, as they are.
struct StoredTensor {
  std::shared_ptr<const ByteSource> bytes;
  Tensor extent;            // over extent_storage(bytes->size()), perhaps strided, at any alignment
  bool swap_bytes = false;  // big-endian elements
};

class WeightReader {
 public:
  virtual ~WeightReader() = default;

  virtual const WeightMetadata& metadata() const = 0;

  // Nothing where the elements must be decoded. `name` is one of the metadata's, here and below.
  virtual std::optional<StoredTensor> find_stored(std::string_view name) const = 0;

  // For those that must be: hands bytes [begin, end) of the contiguous tensor to `sink`, in order,
  // in chunks of bounded size that hold whole elements, between which `begin` and `end` lie.
  virtual void decode(std::string_view name, int64_t begin, int64_t end,
                      FunctionRef<void(std::span<const std::byte>)> sink) const;
};

// An opened source, as a format sees it.
struct WeightFile {
  std::shared_ptr<const ByteSource> bytes;
  Json options = Json::object();  // WeightSource::format_options
  // A file beside this one, by a relative name. Throws kInvalidFormat for one that leads out of the
  // folder, kNotFound, kIo.
  std::function<std::shared_ptr<const ByteSource>(std::string_view name)> open_sibling = {};
};

// What a part of the format axis registers.
struct FormatPart {
  std::string description;              // one line, for listings
  std::vector<std::string> extensions;  // ".safetensors": how names of such files end
  // Whether the bytes look like this format; reads only as much as that takes.
  std::function<bool(const ByteSource&)> matches;
  // Throws kInvalidFormat, naming the tensor where one is at fault; kInvalidArgument for options
  // that the format does not have.
  std::function<std::unique_ptr<WeightReader>(const WeightFile&)> open;
  // Begins a file; empty for a format that is only read. Throws kInvalidArgument for what it cannot
  // name or hold together, kUnsupported for an element type that it does not have, with what to do
  // instead; and as WeightWriter.
  std::function<std::unique_ptr<WeightWriter>(const WriteRequest&)> create_writer = {};
  // Of a format whose file can go on in others: the names of those beside `file`, as open_sibling
  // takes them. Reads as little as `open`, and throws as it.
  std::function<std::vector<std::string>(const WeightFile& file)> further_parts = {};
  // Of a format whose file can be a whole model, config and tokenizer inside: whether one of this
  // name may be, and the files of the model in `file`, which `source` names. Throws as `open`.
  std::function<bool(std::string_view name)> may_be_model = {};
  std::function<std::unique_ptr<ModelFiles>(const WeightFile& file, const WeightSource& source)>
      open_model = {};
};

using FormatCatalog = Catalog<FormatPart>;

}  // namespace ferrum
