// Elements with nothing before or after that would say what they are: the source's options do.

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/writers/tensor_file.h"

namespace ferrum {
namespace {

class RawReader : public WeightReader {
 public:
  RawReader(const std::string& name, StoredTensor tensor) : tensor_(std::move(tensor)) {
    const Tensor& extent = tensor_.extent;
    metadata_.format = "raw";
    metadata_.tensors[name] = {extent.dtype(), extent.shape(), extent.size_bytes()};
    metadata_.summarise();
  }
  const WeightMetadata& metadata() const override { return metadata_; }
  std::optional<StoredTensor> find_stored(std::string_view) const override { return tensor_; }

 private:
  StoredTensor tensor_;
  WeightMetadata metadata_;
};

std::unique_ptr<WeightReader> open_raw(const WeightFile& file) {
  DataType dtype{};
  Shape shape;
  int64_t offset = 0;
  bool big_endian = false;
  std::string name = "data";
  JsonReader reader(file.options, "the options of raw");
  reader.require("dtype", dtype);
  reader.require("shape", shape);
  reader.read("offset", offset);
  reader.read("big_endian", big_endian);
  reader.read("name", name);
  reader.finish();
  const int64_t bytes = bytes_of(dtype, shape.numel());
  const auto end = checked_add(offset, bytes);
  if (offset < 0 || !end || *end > file.bytes->size()) {
    throw Error(ErrorCode::kInvalidFormat,
                file.bytes->name() + " has " + std::to_string(file.bytes->size()) +
                    " bytes; " + std::string(to_string(dtype)) + " " + to_string(shape) +
                    " at byte " + std::to_string(offset) + " takes " + std::to_string(bytes));
  }
  const auto storage = extent_storage(file.bytes->size());
  return std::make_unique<RawReader>(
      name, StoredTensor{file.bytes, Tensor(storage, shape, dtype, offset), big_endian});
}

std::unique_ptr<WeightWriter> create_raw_writer(const WriteRequest& request) {
  refuse_metadata(request, "raw");
  const TensorDeclaration& tensor = only_tensor(request, "raw");
  const int64_t bytes = bytes_of(tensor.dtype, tensor.shape.numel());
  return std::make_unique<TensorFile>(request.path, bytes,
                                      TensorFile::Places{{tensor.name, {0, bytes}}});
}

}  // namespace

void register_raw(FormatCatalog& catalog) {
  catalog.add("raw", {.description = "elements alone; dtype, shape and offset are given",
                      .extensions = {},
                      .matches = [](const ByteSource&) { return false; },
                      .open = open_raw,
                      .create_writer = create_raw_writer});
}

}  // namespace ferrum
