// NumPy .npy files: one array, named after its file.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/formats/numpy/npy_header.h"
#include "weights/formats/numpy/numpy_writer.h"

namespace ferrum {
namespace {

class NpyReader : public WeightReader {
 public:
  NpyReader(WeightMetadata metadata, StoredTensor array)
      : metadata_(std::move(metadata)), array_(std::move(array)) {}

  const WeightMetadata& metadata() const override { return metadata_; }
  std::optional<StoredTensor> find_stored(std::string_view) const override { return array_; }

 private:
  WeightMetadata metadata_;
  StoredTensor array_;
};

// The array as its indices say, over bytes as they lie in the file.
Tensor in_index_order(const ByteSource& source, const NpyHeader& header, int64_t offset) {
  const auto storage = extent_storage(source.size());
  if (!header.fortran_order) return Tensor(storage, header.shape, header.dtype, offset);
  std::vector<int64_t> extents;
  std::vector<int> dims;
  for (int d = header.shape.rank(); d-- > 0;) {
    extents.push_back(header.shape[d]);
    dims.push_back(d);
  }
  return Tensor(storage, Shape(extents), header.dtype, offset).permute(dims);
}

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

std::unique_ptr<WeightReader> open_npy(const WeightFile& file) {
  JsonReader(file.options, "the options of numpy").finish();
  const auto& source = file.bytes;
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
  StoredTensor array{source, in_index_order(*source, header, begin + length), header.big_endian};
  return std::make_unique<NpyReader>(std::move(metadata), std::move(array));
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
                        {".npy", ".npz"},
                        looks_like_npy,
                        open_npy,
                        create_numpy_writer});
}

}  // namespace ferrum
