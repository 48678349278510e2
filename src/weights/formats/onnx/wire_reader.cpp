#include "weights/formats/onnx/wire_reader.h"

#include "ferrum/text/utf8.h"

namespace ferrum {
namespace {

// A stream of the library ends after INT_MAX bytes; another is begun before that.
constexpr int64_t kMaxStreamBytes = int64_t{1} << 30;

}  // namespace

WireReader::WireReader(const ByteSource& source) : source_(source), stream_(source) {}

Error WireReader::error(int64_t position, const std::string& why) const {
  return Error(ErrorCode::kInvalidFormat, source_.name() + " is not a valid ONNX file: " + why +
                                              ", at byte " + std::to_string(position));
}

void WireReader::fail(int64_t position, const std::string& why) const {
  throw error(position, why);
}

void WireReader::damaged(int64_t position, const std::string& why) const {
  const Error bare = error(position, why);
  throw Error(bare.code(), bare.message(), "download it again; it may be truncated");
}

int64_t WireReader::position() const { return base_ + coded_->CurrentPosition(); }

void WireReader::restart(int64_t to) {
  coded_.reset();
  stream_.seek(to);
  base_ = to;
  coded_.emplace(&stream_);
}

void WireReader::seek(int64_t to) {
  if (!coded_ || to < position() || to - base_ > kMaxStreamBytes) return restart(to);
  if (!coded_->Skip(static_cast<int>(to - position()))) stream_.rethrow_failure();
}

uint64_t WireReader::read_number(WireType type, int64_t end) {
  const int64_t begin = position();
  if (begin - base_ > kMaxStreamBytes) restart(begin);
  uint64_t number = 0;
  bool whole = false;
  if (type == WireType::kFixed32) {
    uint32_t word = 0;
    whole = coded_->ReadLittleEndian32(&word);
    number = word;
  } else if (type == WireType::kFixed64) {
    whole = coded_->ReadLittleEndian64(&number);
  } else {
    whole = coded_->ReadVarint64(&number);
  }
  if (whole && position() <= end) return number;
  stream_.rethrow_failure();
  damaged(begin, "a number is cut off or too long");
}

WireField WireReader::read_field(int64_t end) {
  const int64_t begin = position();
  const uint64_t tag = read_number(WireType::kVarint, end);
  const uint64_t number = tag >> 3;
  constexpr uint64_t kMaxNumber = (uint64_t{1} << 29) - 1;
  if (number == 0 || number > kMaxNumber) {
    damaged(begin, "there is no field of number " + std::to_string(number));
  }
  WireField field{begin, static_cast<int>(number), static_cast<WireType>(tag & 7), 0, {}};
  switch (field.type) {
    case WireType::kVarint:
    case WireType::kFixed32:
    case WireType::kFixed64:
      field.value = read_number(field.type, end);
      return field;
    case WireType::kBytes: {
      const uint64_t length = read_number(WireType::kVarint, end);
      field.bytes.begin = position();
      if (length > static_cast<uint64_t>(end - field.bytes.begin)) {
        damaged(begin, "field " + std::to_string(number) + " of " + std::to_string(length) +
                           " bytes reaches past what it is part of");
      }
      field.bytes.end = field.bytes.begin + static_cast<int64_t>(length);
      return field;
    }
  }
  damaged(begin,
          "field " + std::to_string(number) + " is of the unknown kind " + std::to_string(tag & 7));
}

void WireReader::read_message(ByteRange message, FunctionRef<bool(const WireField&)> on_field) {
  seek(message.begin);
  while (position() < message.end) {
    const WireField field = read_field(message.end);
    const int64_t next = field.type == WireType::kBytes ? field.bytes.end : position();
    if (!on_field(field)) return;
    seek(next);
  }
}

void WireReader::read_packed(ByteRange numbers, WireType type,
                             FunctionRef<bool(uint64_t)> on_value) {
  seek(numbers.begin);
  while (position() < numbers.end) {
    if (!on_value(read_number(type, numbers.end))) return;
  }
}

ByteRange WireReader::bytes_of(const WireField& field) const {
  if (field.type == WireType::kBytes) return field.bytes;
  fail(field.position, "field " + std::to_string(field.number) + " is a number");
}

uint64_t WireReader::varint_of(const WireField& field) const {
  if (field.type == WireType::kVarint) return field.value;
  fail(field.position, "field " + std::to_string(field.number) + " is not a plain number");
}

std::string WireReader::text_of(const WireField& field) {
  std::string text = read(bytes_of(field));
  if (find_invalid_utf8(text)) {
    fail(field.position, "field " + std::to_string(field.number) + " is not UTF-8");
  }
  return text;
}

std::string WireReader::read(ByteRange range) {
  if (range.size() > kMaxTextBytes) {
    fail(range.begin, "a text has " + std::to_string(range.size()) + " bytes");
  }
  seek(range.begin);
  std::string bytes;
  const bool whole = coded_->ReadString(&bytes, static_cast<int>(range.size()));
  stream_.rethrow_failure();
  if (!whole) damaged(range.begin, "a text is cut off");
  return bytes;
}

}  // namespace ferrum
