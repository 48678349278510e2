// Files of torch.save, read as data: no byte of them is ever run.
// https://github.com/pytorch/pytorch/blob/main/torch/serialization.py

#include <algorithm>
#include <array>
#include <cstring>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/archives/tar_archive.h"
#include "weights/archives/zip_archive.h"
#include "weights/formats/pytorch/state_dict.h"

namespace ferrum {
namespace {

enum class Container { kNone, kZip, kTar, kStream, kPreview };

class TorchReader : public WeightReader {
 public:
  TorchReader(std::shared_ptr<const ByteSource> bytes, std::unique_ptr<TorchContainer> container,
              StateDict dict)
      : bytes_(std::move(bytes)),
        extent_(extent_storage(bytes_->size())),
        container_(std::move(container)),
        tensors_(std::move(dict.tensors)) {
    metadata_.format = "pytorch";
    metadata_.extra = std::move(dict.extra);
    metadata_.unreadable = std::move(dict.unreadable);
    int64_t total = 0;
    for (const auto& [name, tensor] : tensors_) {
      const int64_t size = bytes_of(tensor.dtype, tensor.shape.numel());
      const auto sum = checked_add(total, size);
      if (!sum) throw Error(ErrorCode::kInvalidFormat, "its tensors repeat more bytes than count");
      total = *sum;
      metadata_.tensors.emplace_hint(metadata_.tensors.end(), name,
                                     TensorInfo{tensor.dtype, tensor.shape, size});
    }
    metadata_.summarise();
  }

  const WeightMetadata& metadata() const override { return metadata_; }

  std::optional<StoredTensor> find_stored(std::string_view name) const override {
    const TorchTensor& tensor = tensors_.find(name)->second;
    const int64_t begin = container_->locate(tensor.storage) + tensor.begin;
    Tensor extent = is_byte_sized(tensor.dtype)
                        ? Tensor::strided(extent_, tensor.shape, tensor.used_strides(),
                                          tensor.dtype, begin)
                        : Tensor(extent_, tensor.shape, tensor.dtype, begin);
    return StoredTensor{bytes_, std::move(extent), container_->big_endian()};
  }

 private:
  std::shared_ptr<const ByteSource> bytes_;
  std::shared_ptr<Storage> extent_;
  std::unique_ptr<TorchContainer> container_;
  std::map<std::string, TorchTensor, std::less<>> tensors_;
  WeightMetadata metadata_;
};

// PyTorch's ZIP archives begin with "<folder>/data.pkl"; others may be of NumPy or of anything.
bool is_torch_zip(const ByteSource& source, std::string_view start) {
  constexpr size_t kNameLength = 26, kName = 30;
  if (start.size() < kName) return false;
  const size_t length = static_cast<unsigned char>(start[kNameLength]) |
                        static_cast<size_t>(static_cast<unsigned char>(start[kNameLength + 1]))
                            << 8;
  const std::string_view first = start.substr(kName, length);
  if (first.ends_with("/data.pkl")) return true;
  if (first.ends_with(".npy")) return false;
  try {
    const ZipArchive archive(
        std::shared_ptr<const ByteSource>(std::shared_ptr<void>(), &source));
    return std::any_of(archive.entries().begin(), archive.entries().end(), [](const auto& entry) {
      return entry.name.ends_with("/data.pkl") || entry.name.ends_with("/constants.pkl");
    });
  } catch (const Error&) {
    return false;  // of no format; one that is named by its extension says what is wrong
  }
}

Container recognise(const ByteSource& source) {
  std::array<std::byte, kTarHeaderBytes> buffer;
  const auto size = static_cast<size_t>(std::min<int64_t>(source.size(), buffer.size()));
  const auto bytes = std::span(buffer).first(size);
  source.read(0, bytes);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), size);
  if (start.starts_with("PK\3\4")) {
    return is_torch_zip(source, start) ? Container::kZip : Container::kNone;
  }
  if (start.starts_with("PYTORCH1")) return Container::kPreview;
  // A pickle of the number that torch.save begins with, of whatever protocol.
  constexpr size_t kFarthest = 32;
  if (start.starts_with('\x80') &&
      start.substr(0, kFarthest).find("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") != start.npos) {
    return Container::kStream;
  }
  return is_tar_header(bytes) ? Container::kTar : Container::kNone;
}

std::unique_ptr<TorchContainer> open_container(std::shared_ptr<const ByteSource> source) {
  switch (recognise(*source)) {
    case Container::kZip: return open_torch_zip(std::move(source));
    case Container::kTar: return open_torch_tar(std::move(source));
    case Container::kStream: return open_torch_stream(std::move(source));
    case Container::kPreview:
      throw Error(ErrorCode::kUnsupported,
                  source->name() + " is of a preview of PyTorch's format that never was released",
                  "write it again with a released version of PyTorch");
    case Container::kNone: break;
  }
  if (looks_like_zip(*source)) return open_torch_zip(std::move(source));  // says what is wrong
  throw Error(ErrorCode::kInvalidFormat, source->name() + " is no file of torch.save");
}

// A tensor that is alone is named after its file.
std::string stem_of(const ByteSource& source) {
  std::string name = source.name();
  if (const size_t slash = name.find_last_of("/\\"); slash != name.npos) name.erase(0, slash + 1);
  if (const size_t dot = name.rfind('.'); dot != name.npos) name.resize(dot);
  return name.empty() ? "tensor" : name;
}

std::unique_ptr<WeightReader> open_pytorch(const WeightFile& file) {
  std::optional<std::string> key;
  JsonReader options(file.options, "the options of pytorch");
  if (std::string text; options.read("key", text)) key = std::move(text);
  options.finish();
  auto container = open_container(file.bytes);
  try {
    StateDict dict = read_state_dict(*container, key, stem_of(*file.bytes));
    return std::make_unique<TorchReader>(file.bytes, std::move(container), std::move(dict));
  } catch (const Error& error) {
    throw error.with_context(file.bytes->name());
  }
}

}  // namespace

void register_pytorch(FormatCatalog& catalog) {
  catalog.add("pytorch",
              {.description = "PyTorch checkpoints (.pt, .pth, .bin) of every version, never run",
               .extensions = {".pt", ".pth", ".bin", ".ckpt"},
               .matches = [](const ByteSource& source) {
                 return recognise(source) != Container::kNone;
               },
               .open = open_pytorch});
}

}  // namespace ferrum
