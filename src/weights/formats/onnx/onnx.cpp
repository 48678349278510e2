// The tensors of ONNX models: in the model's file, or in files beside it.
// https://github.com/onnx/onnx/blob/main/docs/IR.md

#include <bit>
#include <mutex>
#include <set>
#include <utility>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/formats/onnx/model_detection.h"
#include "weights/formats/onnx/model_proto.h"
#include "weights/formats/onnx/typed_values.h"

namespace ferrum {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are used as they lie");

// Files beside the model, each opened when its first tensor is wanted.
class Siblings {
 public:
  explicit Siblings(const WeightFile& file) : open_(file.open_sibling) {}

  std::shared_ptr<const ByteSource> get(const std::string& name) {
    const std::lock_guard lock(mutex_);
    auto& bytes = opened_[name];
    if (!bytes) bytes = open_(name);
    return bytes;
  }

 private:
  const std::function<std::shared_ptr<const ByteSource>(std::string_view)> open_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const ByteSource>> opened_;
};

class OnnxReader : public WeightReader {
 public:
  OnnxReader(const WeightFile& file, OnnxModel model)
      : source_(file.bytes), siblings_(file), tensors_(std::move(model.tensors)) {
    metadata_.format = "onnx";
    metadata_.extra = std::move(model.extra);
    metadata_.unreadable = std::move(model.unreadable);
    for (const auto& [name, tensor] : tensors_) metadata_.tensors.emplace(name, tensor.info);
    metadata_.summarise();
  }

  const WeightMetadata& metadata() const override { return metadata_; }

  std::optional<StoredTensor> find_stored(std::string_view name) const override {
    const OnnxTensor& tensor = tensors_.find(name)->second;
    if (std::holds_alternative<TypedValues>(tensor.values)) return std::nullopt;
    const auto* external = std::get_if<ExternalData>(&tensor.values);
    if (!external) return stored(source_, tensor, std::get<InPlaceValues>(tensor.values).offset);
    if (tensor.info.size_bytes == 0) return stored(source_, tensor, 0);
    const auto sibling = siblings_.get(external->location);
    if (external->offset + tensor.info.size_bytes > sibling->size()) {
      throw Error(ErrorCode::kInvalidFormat,
                  "its " + std::to_string(tensor.info.size_bytes) + " bytes at " +
                      std::to_string(external->offset) + " of " + sibling->name() +
                      " reach past the end at " + std::to_string(sibling->size()),
                  "download the file again; it may be truncated, or of another version");
    }
    return stored(sibling, tensor, external->offset);
  }

  void decode(std::string_view name, int64_t begin, int64_t end,
              FunctionRef<void(std::span<const std::byte>)> sink) const override {
    const OnnxTensor& tensor = tensors_.find(name)->second;
    decode_typed_values(*source_, std::get<TypedValues>(tensor.values), tensor.info, begin, end,
                        sink);
  }

 private:
  static StoredTensor stored(const std::shared_ptr<const ByteSource>& bytes,
                             const OnnxTensor& tensor, int64_t offset) {
    return {bytes,
            Tensor(extent_storage(bytes->size()), tensor.info.shape, tensor.info.dtype, offset)};
  }

  std::shared_ptr<const ByteSource> source_;
  mutable Siblings siblings_;
  std::map<std::string, OnnxTensor, std::less<>> tensors_;
  WeightMetadata metadata_;
};

std::unique_ptr<WeightReader> open_onnx(const WeightFile& file) {
  JsonReader(file.options, "options of onnx").finish();
  return std::make_unique<OnnxReader>(file, parse_model_proto(*file.bytes));
}

// Those whose tensors have bytes: the reader opens no others.
std::vector<std::string> external_files(const WeightFile& file) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : parse_model_proto(*file.bytes).tensors) {
    const auto* external = std::get_if<ExternalData>(&tensor.values);
    if (external && tensor.info.size_bytes > 0) names.insert(external->location);
  }
  return {names.begin(), names.end()};
}

}  // namespace

void register_onnx(FormatCatalog& catalog) {
  catalog.add("onnx",
              {.description = "initializers and constants of ONNX models, external data too",
               .extensions = {".onnx"},
               .matches = looks_like_model_proto,
               .open = open_onnx,
               .further_parts = external_files});
}

}  // namespace ferrum
