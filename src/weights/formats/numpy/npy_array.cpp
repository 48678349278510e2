#include "weights/formats/numpy/npy_array.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ferrum/types/error.h"
#include "weights/formats/numpy/npy_header.h"

namespace ferrum {
namespace {

constexpr int64_t kUsualHeaderBytes = 256;  // one read for what most headers are

class ArrayOpener {
 public:
  ArrayOpener(std::shared_ptr<const ByteSource> source, int64_t begin, int64_t end,
              const std::string& what)
      : source_(std::move(source)), begin_(begin), end_(end), what_(what) {}

  StoredTensor open(std::optional<DataType> void_dtype) {
    const std::string literal = read_literal();
    const NpyHeader header = parse_npy_header(literal, what_, void_dtype);
    const int64_t bytes = bytes_of(header.dtype, header.shape.numel());
    if (bytes != end_ - data_begin_) {
      refuse("its array of shape " + to_string(header.shape) + " has " + std::to_string(bytes) +
             " bytes, the file " + std::to_string(end_ - data_begin_));
    }
    return {source_, in_index_order(header), header.big_endian};
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::kInvalidFormat, what_ + " is not a whole .npy file: " + why);
  }

  std::string read(int64_t offset, int64_t bytes) const {
    std::string text(static_cast<size_t>(bytes), '\0');
    source_->read(begin_ + offset, std::as_writable_bytes(std::span(text)));
    return text;
  }

  // The dictionary between the prefix and the elements, which begin at data_begin_ then.
  std::string read_literal() {
    const int64_t present = end_ - begin_;
    if (present < kNpyShortPrefix) refuse("it has only " + std::to_string(present) + " bytes");
    const std::string start = read(0, std::min(present, kUsualHeaderBytes));
    if (!start.starts_with(kNpyMagic)) refuse("it does not begin with \"\\x93NUMPY\"");
    const auto byte = [&](size_t i) { return int64_t{static_cast<unsigned char>(start[i])}; };
    const int64_t major = byte(6), minor = byte(7);
    if (major < 1 || major > 3 || minor != 0) {
      refuse("its version is " + std::to_string(major) + "." + std::to_string(minor) +
             ", known are 1.0, 2.0 and 3.0");
    }
    const int64_t prefix = major > 1 ? kNpyLongPrefix : kNpyShortPrefix;
    if (present < prefix) refuse("it ends inside its header");
    int64_t length = byte(8) | byte(9) << 8;
    if (major > 1) length |= byte(10) << 16 | byte(11) << 24;
    if (length > kMaxNpyHeaderBytes) {
      refuse("it claims a header of " + std::to_string(length) + " bytes, at most " +
             std::to_string(kMaxNpyHeaderBytes) + " are allowed");
    }
    if (length > present - prefix) refuse("it ends inside its header");
    data_begin_ = begin_ + prefix + length;
    const auto from = static_cast<size_t>(prefix), size = static_cast<size_t>(length);
    return from + size <= start.size() ? start.substr(from, size) : read(prefix, length);
  }

  // The array as its indices say, over bytes as they lie in the file.
  Tensor in_index_order(const NpyHeader& header) const {
    const auto storage = extent_storage(source_->size());
    if (!header.fortran_order) return Tensor(storage, header.shape, header.dtype, data_begin_);
    std::vector<int64_t> extents;
    std::vector<int> dims;
    for (int d = header.shape.rank(); d-- > 0;) {
      extents.push_back(header.shape[d]);
      dims.push_back(d);
    }
    return Tensor(storage, Shape(extents), header.dtype, data_begin_).permute(dims);
  }

  std::shared_ptr<const ByteSource> source_;
  const int64_t begin_, end_;
  const std::string& what_;
  int64_t data_begin_ = 0;
};

}  // namespace

StoredTensor open_npy_array(std::shared_ptr<const ByteSource> source, int64_t begin, int64_t end,
                            std::optional<DataType> void_dtype, const std::string& what) {
  return ArrayOpener(std::move(source), begin, end, what).open(void_dtype);
}

}  // namespace ferrum
