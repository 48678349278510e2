#include "weights/formats/onnx/typed_values.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kChunkBytes = int64_t{1} << 20;

// Whether a number of variable length is one that elements of the type have, as bits or as value.
bool fits(uint64_t number, DataType dtype, int bytes) {
  if (bytes == 8) return true;
  const auto value = static_cast<int64_t>(number);
  const int64_t values = int64_t{1} << (8 * bytes);
  switch (dtype) {
    case DataType::kBool:
      return number <= 1;
    case DataType::kI8:
    case DataType::kI16:
    case DataType::kI32:
      return value >= -values / 2 && value < values / 2;
    case DataType::kU8:
    case DataType::kU16:
    case DataType::kU32:
      return value >= 0 && value < values;
    default:
      return value >= -values / 2 && value < values;  // some writers extend the sign of bits
  }
}

class Decoder {
 public:
  Decoder(const ByteSource& source, const TypedValues& values, const TensorInfo& info,
          int64_t begin, int64_t end, FunctionRef<void(std::span<const std::byte>)> sink)
      : reader_(source),
        values_(values),
        dtype_(info.dtype),
        width_(static_cast<size_t>(values.bytes)),
        first_(begin / values.bytes),
        last_(end / values.bytes),
        total_(info.size_bytes / values.bytes),
        sink_(sink) {
    chunk_.resize(static_cast<size_t>(std::min(kChunkBytes, end - begin)));
  }

  void run() {
    const auto take = [&](uint64_t number) { return take_number(number); };
    reader_.read_message(values_.message, [&](const WireField& field) {
      if (field.number != values_.field) return true;
      if (field.type != WireType::kBytes) return take_number(field.value);
      reader_.read_packed(field.bytes, values_.number, take);
      return !done();
    });
    if (next_ < last_) {
      fail("it has " + std::to_string(next_) + " values, its shape needs " +
           std::to_string(total_));
    }
    flush();
  }

 private:
  // What lies behind the wanted range matters only where it should be the end.
  bool done() const { return next_ >= last_ && last_ < total_; }

  bool take_number(uint64_t number) {
    const int64_t index = next_++;
    if (index >= total_) fail("it has more values than its shape needs, " + std::to_string(total_));
    if (index >= first_ && index < last_) {
      if (values_.number == WireType::kVarint && !fits(number, dtype_, values_.bytes)) {
        fail("its value " + std::to_string(static_cast<int64_t>(number)) + " is not one of " +
             std::string(to_string(dtype_)));
      }
      // Little-endian: the low bytes come first.
      std::memcpy(chunk_.data() + filled_, &number, width_);
      filled_ += width_;
      if (filled_ == chunk_.size()) flush();
    }
    return !done();
  }

  void flush() {
    if (filled_ > 0) sink_(std::span(chunk_).first(filled_));
    filled_ = 0;
  }

  [[noreturn]] void fail(const std::string& why) const { reader_.fail(values_.message.begin, why); }

  WireReader reader_;
  const TypedValues& values_;
  const DataType dtype_;
  const size_t width_;                  // of a number among the elements
  const int64_t first_, last_, total_;  // in numbers
  FunctionRef<void(std::span<const std::byte>)> sink_;
  int64_t next_ = 0;
  std::vector<std::byte> chunk_;
  size_t filled_ = 0;
};

}  // namespace

void decode_typed_values(const ByteSource& source, const TypedValues& values,
                         const TensorInfo& info, int64_t begin, int64_t end,
                         FunctionRef<void(std::span<const std::byte>)> sink) {
  Decoder(source, values, info, begin, end, sink).run();
}

}  // namespace ferrum
