// safetensors: u64 little-endian N, N bytes of JSON header, then the tensors' bytes.
// https://github.com/huggingface/safetensors

#include <algorithm>
#include <bit>
#include <cstring>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/formats/safetensors/safetensors_header.h"
#include "weights/formats/safetensors/safetensors_writer.h"

namespace ferrum {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are used as they lie");

constexpr int64_t kLengthBytes = 8;

class SafetensorsReader : public WeightReader {
 public:
  SafetensorsReader(std::shared_ptr<const ByteSource> source, SafetensorsHeader header,
                    int64_t data_begin)
      : source_(std::move(source)),
        extent_(extent_storage(source_->size())),
        header_(std::move(header)),
        data_begin_(data_begin) {}

  const WeightMetadata& metadata() const override { return header_.metadata; }

  std::optional<StoredTensor> find_stored(std::string_view name) const override {
    const TensorInfo& info = header_.metadata.tensors.find(name)->second;
    const int64_t offset = data_begin_ + header_.offsets.find(name)->second;
    return StoredTensor{source_, Tensor(extent_, info.shape, info.dtype, offset)};
  }

 private:
  std::shared_ptr<const ByteSource> source_;
  std::shared_ptr<Storage> extent_;
  SafetensorsHeader header_;
  int64_t data_begin_;
};

uint64_t read_length(const ByteSource& source) {
  uint64_t length = 0;
  source.read(0, std::as_writable_bytes(std::span(&length, 1)));
  return length;
}

[[noreturn]] void refuse(const ByteSource& source, const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat, source.name() + " is not a safetensors file: " + why,
              "download it again; it may be truncated");
}

// The header's length, checked against limit and file.
int64_t header_bytes(const ByteSource& source) {
  if (source.size() < kLengthBytes) {
    refuse(source, "it has only " + std::to_string(source.size()) + " bytes");
  }
  const uint64_t length = read_length(source);
  if (length > kMaxSafetensorsHeaderBytes) {
    refuse(source, "it claims a header of " + std::to_string(length) + " bytes, at most " +
                       std::to_string(kMaxSafetensorsHeaderBytes) + " are allowed");
  }
  if (static_cast<int64_t>(length) > source.size() - kLengthBytes) {
    refuse(source, "its header of " + std::to_string(length) + " bytes reaches past its end at " +
                       std::to_string(source.size()));
  }
  return static_cast<int64_t>(length);
}

std::unique_ptr<WeightReader> open_safetensors(const WeightFile& file) {
  JsonReader(file.options, "the options of safetensors").finish();
  std::shared_ptr<const ByteSource> source = file.bytes;
  const int64_t length = header_bytes(*source);
  const int64_t data_begin = kLengthBytes + length;
  std::string copy;
  std::string_view json;
  if (const auto storage = source->storage()) {
    json = {static_cast<const char*>(storage->data()) + kLengthBytes, static_cast<size_t>(length)};
  } else {
    copy.resize(static_cast<size_t>(length));
    source->read(kLengthBytes, std::as_writable_bytes(std::span(copy)));
    json = copy;
  }
  // The JSON library would skip a byte-order mark.
  if (json.starts_with('\xef')) refuse(*source, "its header does not begin with '{'");
  SafetensorsHeader header =
      parse_safetensors_header(json, source->size() - data_begin, source->name());
  return std::make_unique<SafetensorsReader>(std::move(source), std::move(header), data_begin);
}

bool looks_like_safetensors(const ByteSource& source) {
  if (source.size() < kLengthBytes) return false;
  const uint64_t length = read_length(source);
  if (length > kMaxSafetensorsHeaderBytes ||
      static_cast<int64_t>(length) > source.size() - kLengthBytes) {
    return false;
  }
  std::string start(std::min<size_t>(length, 64), '\0');
  source.read(kLengthBytes, std::as_writable_bytes(std::span(start)));
  const size_t first = start.find_first_not_of(" \t\r\n");
  return first != std::string::npos && start[first] == '{';
}

}  // namespace

void register_safetensors(FormatCatalog& catalog) {
  catalog.add("safetensors", {"safetensors files, all dtypes of the specification",
                              {".safetensors"},
                              looks_like_safetensors,
                              open_safetensors,
                              create_safetensors_writer});
}

}  // namespace ferrum
