#include "weights/formats/onnx/model_detection.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "weights/formats/onnx/wire_reader.h"

namespace ferrum {
namespace {

constexpr int kMostFields = 100'000;     // of the model, most of them functions and properties
constexpr int kGraphFieldsLookedAt = 16;  // texts and other messages do not get so far

enum { kIrVersion = 1, kModelVersion = 5, kGraph = 7 };
constexpr int kLastSingle = kGraph;  // the fields up to it are there once at most, others repeat
constexpr std::array kModelFields{1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26};
constexpr std::array kGraphFields{1, 2, 5, 10, 11, 12, 13, 14, 15, 16};

template <size_t kCount>
bool contains(const std::array<int, kCount>& numbers, int number) {
  return std::binary_search(numbers.begin(), numbers.end(), number);
}

// Of a GraphProto, all fields hold bytes.
bool begins_as_graph(WireReader& reader, ByteRange message) {
  int seen = 0;
  bool known = true;
  reader.read_message(message, [&](const WireField& field) {
    known = field.type == WireType::kBytes && contains(kGraphFields, field.number);
    return known && ++seen < kGraphFieldsLookedAt;
  });
  return known;
}

WireType kind_of(int model_field) {
  const bool is_number = model_field == kIrVersion || model_field == kModelVersion;
  return is_number ? WireType::kVarint : WireType::kBytes;
}

bool is_model_field(WireReader& reader, const WireField& field) {
  return contains(kModelFields, field.number) && field.type == kind_of(field.number) &&
         (field.number != kGraph || begins_as_graph(reader, field.bytes));
}

// Most files of other formats are told by their first byte; what comes after it is not read. It
// has the number and the kind of a field, or the low 7 bits of both.
bool may_begin_model(const ByteSource& source) {
  std::byte first{};
  if (source.size() == 0) return false;
  source.read(0, {&first, 1});
  return std::any_of(kModelFields.begin(), kModelFields.end(), [&](int number) {
    const int tag = number << 3 | static_cast<int>(kind_of(number));
    return std::to_integer<int>(first) == (tag < 128 ? tag : (tag & 127) | 128);
  });
}

}  // namespace

bool looks_like_model_proto(const ByteSource& source) try {
  if (!may_begin_model(source)) return false;
  std::array<bool, kLastSingle + 1> seen{};
  int fields = 0;
  bool known = true;
  WireReader reader(source);
  reader.read_message({0, source.size()}, [&](const WireField& field) {
    known = ++fields <= kMostFields && is_model_field(reader, field);
    if (known && field.number <= kLastSingle) {
      bool& before = seen[static_cast<size_t>(field.number)];
      known = !before;
      before = true;
    }
    return known;
  });
  return known && seen[kIrVersion] && seen[kGraph];
} catch (const Error& error) {
  if (error.code() != ErrorCode::kInvalidFormat) throw;
  return false;
}

}  // namespace ferrum
