#include "weights/formats/gguf/gguf_directory.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ferrum/text/utf8.h"
#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr uint32_t kMagic = 0x46554747;     // "GGUF"
constexpr int64_t kLeastValueBytes = 13;    // length of the key, type, one byte
constexpr int64_t kLeastTensorBytes = 24;   // length of the name, rank, type, offset
constexpr int64_t kMaxNameBytes = 63;       // of the reference
constexpr uint32_t kMaxRank = 4;            // of the reference
constexpr int64_t kMaxAlignment = 1 << 20;  // far beyond any page

std::optional<DataType> find_plain_type(uint32_t id) {
  switch (id) {
    case 0: return DataType::kF32;
    case 1: return DataType::kF16;
    case 24: return DataType::kI8;
    case 25: return DataType::kI16;
    case 26: return DataType::kI32;
    case 27: return DataType::kI64;
    case 28: return DataType::kF64;
    case 30: return DataType::kBF16;
    default: return std::nullopt;
  }
}

std::optional<int64_t> round_up(int64_t value, int64_t alignment) {
  const auto sum = checked_add(value, alignment - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(alignment - 1);
}

class DirectoryReader {
 public:
  explicit DirectoryReader(std::shared_ptr<const ByteSource> source)
      : source_(std::move(source)), cursor_(*source_) {}

  GgufDirectory read() {
    if (cursor_.read<uint32_t>() != kMagic) cursor_.fail("it does not begin with \"GGUF\"");
    check_version(cursor_.read<uint32_t>());
    const int64_t tensors = cursor_.read_count(kLeastTensorBytes, "tensors");
    if (tensors > kMaxGgufTensors) {
      cursor_.fail("it has " + std::to_string(tensors) + " tensors; at most " +
                   std::to_string(kMaxGgufTensors) + " are allowed");
    }
    const int64_t values = cursor_.read_count(kLeastValueBytes, "keys");
    directory_.values = GgufValues::read(source_, cursor_, values);
    read_alignment();
    for (int64_t i = 0; i < tensors; ++i) read_tensor(i);
    place_tensors();
    return std::move(directory_);
  }

 private:
  void check_version(uint32_t version) const {
    if (version == 2 || version == 3) return;
    if ((version & 0xffff) == 0) {
      throw Error(ErrorCode::kUnsupported, source_->name() + " is a big-endian GGUF file",
                  "convert it: gguf_convert_endian.py MODEL little");
    }
    throw Error(ErrorCode::kUnsupported,
                source_->name() + " is a GGUF file of version " + std::to_string(version),
                "versions 2 and 3 can be read; make the file anew with a current converter");
  }

  void read_alignment() {
    const Json* value = directory_.values.find("general.alignment");
    if (!value) return;
    alignment_ = value->get<int64_t>();
    if (alignment_ <= 0 || alignment_ > kMaxAlignment || (alignment_ & (alignment_ - 1)) != 0) {
      cursor_.fail("general.alignment is " + std::to_string(alignment_) +
                   "; it must be a power of two, at most " + std::to_string(kMaxAlignment));
    }
  }

  void read_tensor(int64_t i) {
    std::string name = cursor_.read_text(kMaxNameBytes, "the name of tensor " + std::to_string(i));
    if (name.empty() || find_invalid_utf8(name)) {
      cursor_.fail("the name of tensor " + std::to_string(i) + " is empty or not UTF-8");
    }
    where_ = "tensor '" + name + "' ";
    GgufTensor tensor{};
    tensor.shape = read_shape();
    const auto type = cursor_.read<uint32_t>();
    tensor.block = find_block_type(type);
    const auto plain = find_plain_type(type);
    if (!tensor.block && !plain) {
      throw Error(ErrorCode::kUnsupported,
                  source_->name() + ": " + where_ + "has elements of type " +
                      std::to_string(type) + ", which is not known here",
                  "use a file of a quantisation in current use, such as Q4_K_M or Q8_0");
    }
    tensor.dtype = plain.value_or(DataType::kF32);
    tensor.bytes = stored_bytes(tensor);
    const auto offset = cursor_.read<uint64_t>();
    if (offset != static_cast<uint64_t>(data_bytes_)) {
      cursor_.fail(where_ + "begins at byte " + std::to_string(offset) +
                   " of the data; those before it end at " + std::to_string(data_bytes_));
    }
    tensor.offset = data_bytes_;
    const auto end = checked_add(data_bytes_, tensor.bytes);
    const auto next = end ? round_up(*end, alignment_) : std::nullopt;
    if (!next || *end > source_->size()) {
      cursor_.fail(where_ + "reaches past the end of the file");
    }
    data_bytes_ = *next;
    if (!directory_.tensors.emplace(std::move(name), tensor).second) {
      cursor_.fail(where_ + "is there twice");
    }
  }

  // Extents are stored innermost first.
  Shape read_shape() {
    const auto rank = cursor_.read<uint32_t>();
    if (rank > kMaxRank) cursor_.fail(where_ + "has " + std::to_string(rank) + " dimensions");
    std::array<int64_t, kMaxRank> extents{};
    int64_t product = 1;
    for (uint32_t i = rank; i-- > 0;) {
      const auto extent = cursor_.read<int64_t>();
      // Also where an extent is zero, the product of the others must fit, as in Shape.
      const auto next = checked_mul(product, std::max<int64_t>(extent, 1));
      if (extent < 0 || !next) {
        cursor_.fail(where_ + "has a negative extent, or more elements than 64 bits count");
      }
      product = *next;
      extents[i] = extent;
    }
    return Shape(std::span<const int64_t>(extents.data(), rank));
  }

  int64_t stored_bytes(const GgufTensor& tensor) const {
    const int64_t elements = tensor.block ? tensor.block->elements : 1;
    const int64_t bytes = tensor.block ? tensor.block->bytes : bits_of(tensor.dtype) / 8;
    const int64_t row = tensor.shape.rank() > 0 ? tensor.shape[tensor.shape.rank() - 1] : 1;
    if (row % elements != 0) {
      cursor_.fail(where_ + "has rows of " + std::to_string(row) + " elements, which blocks of " +
                   std::to_string(elements) + " do not fill");
    }
    // What its elements decode to is addressed in 64 bits, too.
    const auto total = checked_mul(tensor.shape.numel() / elements, bytes);
    if (!total || !checked_mul(tensor.shape.numel(), sizeof(float))) {
      cursor_.fail(where_ + "has more bytes than 64 bits count");
    }
    return *total;
  }

  // The data begin where the head ends, aligned.
  void place_tensors() {
    if (directory_.tensors.empty()) return;
    const int64_t begin = *round_up(cursor_.position(), alignment_);
    for (auto& [name, tensor] : directory_.tensors) {
      tensor.offset += begin;
      if (tensor.offset > source_->size() - tensor.bytes) {
        cursor_.fail("tensor '" + name + "' reaches past the end of the file at byte " +
                     std::to_string(source_->size()));
      }
    }
  }

  std::shared_ptr<const ByteSource> source_;
  GgufCursor cursor_;
  GgufDirectory directory_;
  int64_t alignment_ = 32;
  int64_t data_bytes_ = 0;  // of the tensors so far, with what pads them
  std::string where_;
};

}  // namespace

bool looks_like_gguf(const ByteSource& source) {
  uint32_t magic = 0;
  if (source.size() < static_cast<int64_t>(sizeof(magic))) return false;
  source.read(0, std::as_writable_bytes(std::span(&magic, 1)));
  return magic == kMagic;
}

GgufDirectory read_gguf_directory(std::shared_ptr<const ByteSource> source) {
  return DirectoryReader(std::move(source)).read();
}

}  // namespace ferrum
