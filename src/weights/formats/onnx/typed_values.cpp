#include "weights/formats/onnx/typed_values.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kChunkBytes = int64_t{3} << 18;  // whole elements, of 6 bits too

// Whether a number of variable length is one that elements of the type have, as bits or as value.
bool fits(uint64_t number, DataType dtype, int bits) {
  if (bits == 64) return true;
  const auto value = static_cast<int64_t>(number);
  const int64_t values = int64_t{1} << bits;
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
    case DataType::kF6E2M3:
    case DataType::kF6E3M2:
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
        bits_(values.bits),
        first_(begin * 8 / bits_),
        last_(std::min(end * 8 / bits_, values.count)),  // the last byte may be filled up
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
           std::to_string(values_.count));
    }
    if (pending_bits_ > 0) put(pending_, 1);
    flush();
  }

 private:
  // What lies behind the wanted range matters only where it should be the end.
  bool done() const { return next_ >= last_ && last_ < values_.count; }

  bool take_number(uint64_t number) {
    const int64_t index = next_++;
    if (index >= values_.count) {
      fail("it has more values than its shape needs, " + std::to_string(values_.count));
    }
    if (index >= first_ && index < last_) {
      if (values_.number == WireType::kVarint && !fits(number, dtype_, bits_)) {
        fail("its value " + std::to_string(static_cast<int64_t>(number)) + " is not one of " +
             std::string(to_string(dtype_)));
      }
      bits_ % 8 == 0 ? put(number, static_cast<size_t>(bits_ / 8)) : pack(number);
    }
    return !done();
  }

  // From the low bits of each byte on.
  void pack(uint64_t number) {
    pending_ |= number << pending_bits_;
    pending_bits_ += bits_;
    if (pending_bits_ < 8) return;
    put(pending_, 1);
    pending_ >>= 8;
    pending_bits_ -= 8;
  }

  // Little-endian: the low bytes come first.
  void put(uint64_t number, size_t bytes) {
    std::memcpy(chunk_.data() + filled_, &number, bytes);
    filled_ += bytes;
    if (filled_ == chunk_.size()) flush();
  }

  void flush() {
    if (filled_ > 0) sink_(std::span(chunk_).first(filled_));
    filled_ = 0;
  }

  [[noreturn]] void fail(const std::string& why) const { reader_.fail(values_.message.begin, why); }

  WireReader reader_;
  const TypedValues& values_;
  const DataType dtype_;
  const int bits_;              // of a number among the elements
  const int64_t first_, last_;  // in numbers
  FunctionRef<void(std::span<const std::byte>)> sink_;
  int64_t next_ = 0;
  uint64_t pending_ = 0;  // bits that do not fill a byte yet
  int pending_bits_ = 0;
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
