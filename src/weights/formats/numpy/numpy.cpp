// NumPy .npy files: one array, named after its file.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/element_pipeline.h"
#include "weights/formats/numpy/npy_header.h"
#include "weights/host_buffer.h"

namespace ferrum {
namespace {

constexpr int64_t kChunkBytes = int64_t{1} << 20;

// The size of what changes places between byte orders: a complex number has two of it.
size_t word_bytes(DataType dtype) {
  return static_cast<size_t>(bits_of(dtype)) / 8 / (dtype == DataType::kC64 ? 2 : 1);
}

void reverse_words(std::span<std::byte> bytes, size_t word) {
  for (size_t i = 0; i + word <= bytes.size(); i += word) {
    std::reverse(bytes.begin() + static_cast<ptrdiff_t>(i),
                 bytes.begin() + static_cast<ptrdiff_t>(i + word));
  }
}

class NpyReader : public WeightReader {
 public:
  NpyReader(std::shared_ptr<const ByteSource> source, const NpyHeader& header,
            WeightMetadata metadata, int64_t data_begin)
      : source_(std::move(source)),
        header_(header),
        metadata_(std::move(metadata)),
        data_begin_(data_begin) {}

  const WeightMetadata& metadata() const override { return metadata_; }

  Tensor view(std::string_view) const override {
    const auto storage = source_->storage();
    if (!storage || swaps()) return {};
    return in_index_order(storage, data_begin_);
  }

  // An array in Fortran order is gathered from all of its bytes, which are read first where they
  // cannot be addressed.
  void stream(std::string_view, int64_t begin, int64_t end,
              FunctionRef<void(std::span<const std::byte>)> sink) const override {
    const auto emit = [&](std::span<const std::byte> chunk) {
      if (!swaps()) return sink(chunk);
      std::vector<std::byte> swapped(chunk.begin(), chunk.end());
      reverse_words(swapped, word_bytes(header_.dtype));
      sink(swapped);
    };
    if (!permuted()) return source_->stream(data_begin_ + begin, end - begin, emit);
    if (const auto storage = source_->storage()) {
      return gather(in_index_order(storage, data_begin_), begin, end, emit);
    }
    const auto bytes = allocate_host(info().size_bytes);
    source_->read(data_begin_, {static_cast<std::byte*>(bytes->data()),
                                static_cast<size_t>(bytes->size())});
    gather(in_index_order(bytes, 0), begin, end, emit);
  }

 private:
  const TensorInfo& info() const { return metadata_.tensors.begin()->second; }
  bool swaps() const { return header_.big_endian && word_bytes(header_.dtype) > 1; }
  bool permuted() const { return header_.fortran_order && header_.shape.rank() > 1; }

  // The array as its indices say, over bytes as they lie in the file.
  Tensor in_index_order(std::shared_ptr<Storage> storage, int64_t offset) const {
    if (!permuted()) return Tensor(std::move(storage), header_.shape, header_.dtype, offset);
    std::vector<int64_t> extents;
    std::vector<int> dims;
    for (int d = header_.shape.rank(); d-- > 0;) {
      extents.push_back(header_.shape[d]);
      dims.push_back(d);
    }
    return Tensor(std::move(storage), Shape(extents), header_.dtype, offset).permute(dims);
  }

  // Bytes [begin, end) of the contiguous tensor, some of its outermost rows at a time.
  static void gather(const Tensor& tensor, int64_t begin, int64_t end,
                     FunctionRef<void(std::span<const std::byte>)> sink) {
    if (begin == end) return;
    const int64_t row = tensor.size_bytes() / tensor.dim(0);
    const int64_t most = std::max<int64_t>(1, kChunkBytes / row);
    ElementPipeline pipeline(tensor.dtype());
    std::vector<std::byte> rows(static_cast<size_t>(std::min(most, tensor.dim(0)) * row));
    for (int64_t first = begin / row; first * row < end; first += most) {
      const int64_t count = std::min(most, tensor.dim(0) - first), offset = first * row;
      pipeline.gather(tensor.narrow(0, first, count), rows.data(), [](int64_t) {});
      const int64_t stop = std::min(end - offset, count * row);
      for (int64_t at = std::max<int64_t>(0, begin - offset); at < stop; at += kChunkBytes) {
        sink(std::span(rows).subspan(static_cast<size_t>(at),
                                     static_cast<size_t>(std::min(kChunkBytes, stop - at))));
      }
    }
  }

  std::shared_ptr<const ByteSource> source_;
  NpyHeader header_;
  WeightMetadata metadata_;
  int64_t data_begin_;
};

[[noreturn]] void refuse(const ByteSource& source, const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat, source.name() + " is not a whole .npy file: " + why);
}

// A .npy file names nothing: "path/to/embedding.npy" holds "embedding".
std::string name_of(const ByteSource& source) {
  std::string name = source.name();
  if (const size_t slash = name.find_last_of("/\\"); slash != name.npos) name.erase(0, slash + 1);
  if (name.ends_with(".npy")) name.resize(name.size() - 4);
  return name.empty() ? "array" : name;
}

// Bytes of the array, which end with the file.
int64_t check_extent(const ByteSource& source, const NpyHeader& header, int64_t data_begin) {
  const int64_t bytes = bytes_of(header.dtype, header.shape.numel());
  const int64_t present = source.size() - data_begin;
  if (bytes != present) {
    refuse(source, "its array of shape " + to_string(header.shape) + " has " +
                       std::to_string(bytes) + " bytes, the file " + std::to_string(present));
  }
  return bytes;
}

std::unique_ptr<WeightReader> open_npy(std::shared_ptr<const ByteSource> source) {
  std::array<std::byte, kNpyLongPrefix> prefix{};
  if (source->size() < kNpyShortPrefix) {
    refuse(*source, "it has only " + std::to_string(source->size()) + " bytes");
  }
  source->read(0, std::span(prefix).first(kNpyShortPrefix));
  if (std::memcmp(prefix.data(), kNpyMagic.data(), kNpyMagic.size()) != 0) {
    refuse(*source, "it does not begin with \"\\x93NUMPY\"");
  }
  const auto byte = [&](size_t i) { return static_cast<int64_t>(prefix[i]); };
  const int64_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0) {
    refuse(*source, "its version is " + std::to_string(major) + "." + std::to_string(minor) +
                        ", known are 1.0, 2.0 and 3.0");
  }
  int64_t begin = kNpyShortPrefix, length = byte(8) | byte(9) << 8;
  if (major > 1) {
    begin = kNpyLongPrefix;
    if (source->size() < begin) refuse(*source, "it ends inside its header");
    source->read(0, prefix);
    length |= byte(10) << 16 | byte(11) << 24;
  }
  if (length > kMaxNpyHeaderBytes) {
    refuse(*source, "it claims a header of " + std::to_string(length) + " bytes, at most " +
                        std::to_string(kMaxNpyHeaderBytes) + " are allowed");
  }
  if (length > source->size() - begin) refuse(*source, "it ends inside its header");
  std::string literal(static_cast<size_t>(length), '\0');
  source->read(begin, std::as_writable_bytes(std::span(literal)));
  const NpyHeader header = parse_npy_header(literal, source->name());

  WeightMetadata metadata;
  metadata.format = "numpy";
  metadata.tensors.emplace(name_of(*source),
                           TensorInfo{header.dtype, header.shape,
                                      check_extent(*source, header, begin + length)});
  metadata.summarise();
  return std::make_unique<NpyReader>(std::move(source), header, std::move(metadata),
                                     begin + length);
}

bool looks_like_npy(const ByteSource& source) {
  std::array<char, kNpyMagic.size()> start{};
  if (source.size() < static_cast<int64_t>(start.size())) return false;
  source.read(0, std::as_writable_bytes(std::span(start)));
  return std::string_view(start.data(), start.size()) == kNpyMagic;
}

}  // namespace

void register_numpy(FormatCatalog& catalog) {
  catalog.add("numpy", {"NumPy arrays (.npy), versions 1 to 3, either order of bytes and indices",
                        {".npy"},
                        looks_like_npy,
                        open_npy});
}

}  // namespace ferrum
