#pragma once
// The fields of Protocol Buffers messages in a ByteSource, wherever they lie in it.
// https://protobuf.dev/programming-guides/encoding
//
// The library reads what stands in the way; this keeps positions, which it counts in 32 bits.
// Payloads are passed over unless they are asked for. Not thread-safe.

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>
#include <optional>
#include <string>

#include "ferrum/types/error.h"
#include "ferrum/types/function_ref.h"
#include "ferrum/weights/byte_source.h"
#include "weights/formats/onnx/byte_source_stream.h"

namespace ferrum {

// Bytes [begin, end) of a source.
struct ByteRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  int64_t position;  // of its tag
  int number;
  WireType type;
  uint64_t value = 0;  // but of kBytes
  ByteRange bytes;     // of kBytes: texts, messages, packed numbers
};

// All but the constructor throw kInvalidFormat, naming source and position, and what the source
// throws.
class WireReader {
 public:
  static constexpr int64_t kMaxTextBytes = int64_t{1} << 20;

  // Borrows `source`.
  explicit WireReader(const ByteSource& source);

  // Hands the fields of the message at `message` to `on_field`, in order; stops where it returns
  // false. `on_field` may read ranges of the field, fields of messages in it too.
  void read_message(ByteRange message, FunctionRef<bool(const WireField&)> on_field);

  // Hands the numbers of a packed field to `on_value`; stops where it returns false.
  void read_packed(ByteRange numbers, WireType type, FunctionRef<bool(uint64_t)> on_value);

  // What a field is expected to hold; another kind throws.
  ByteRange bytes_of(const WireField& field) const;
  uint64_t varint_of(const WireField& field) const;
  std::string text_of(const WireField& field);  // UTF-8, at most kMaxTextBytes

  std::string read(ByteRange range);  // of at most kMaxTextBytes

  const ByteSource& source() const { return source_; }
  // What is wrong with what stands at `position`.
  Error error(int64_t position, const std::string& why) const;
  [[noreturn]] void fail(int64_t position, const std::string& why) const;

 private:
  int64_t position() const;
  void seek(int64_t position);
  void restart(int64_t position);
  WireField read_field(int64_t end);
  uint64_t read_number(WireType type, int64_t end);
  [[noreturn]] void damaged(int64_t position, const std::string& why) const;

  const ByteSource& source_;
  ByteSourceStream stream_;
  int64_t base_ = 0;  // where `coded_` began
  std::optional<google::protobuf::io::CodedInputStream> coded_;
};

}  // namespace ferrum
