#include "weights/formats/onnx/tensor_proto.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "weights/formats/onnx/element_type.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

using google::protobuf::io::CodedOutputStream;

enum {
  kDims = 1,
  kDataType = 2,
  kSegment = 3,
  kStringData = 6,
  kName = 8,
  kRawData = 9,
  kExternalData = 13,
  kDataLocation = 14,
};
constexpr uint64_t kExternal = 1;  // the value of data_location
constexpr size_t kMaxExternalKeys = 16;

// The fields that hold typed numbers of one tensor. How many there are is known only within bounds
// until numbers of variable length are read.
struct Numbers {
  int field = 0;
  int64_t least = 0, most = 0;
  int64_t bytes = 0;
  int64_t runs = 0;  // packed fields and single numbers
  ByteRange packed;  // the last packed field
  bool in_place() const {
    return runs == 1 && packed.size() > 0 && number_kind(field) != WireType::kVarint;
  }
};

class TensorParser {
 public:
  TensorParser(WireReader& reader, ByteRange message) : reader_(reader), message_(message) {}

  OnnxTensor parse() try {
    reader_.read_message(message_, [&](const WireField& field) {
      take(field);
      return true;
    });
    return finish();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnsupported) {
      OnnxTensor listed;
      listed.name = std::move(tensor_.name);
      listed.unreadable = error.what();
      return listed;
    }
    if (tensor_.name.empty()) throw;
    throw error.with_context("tensor " + quote_json(tensor_.name));
  }

 private:
  Error invalid(const std::string& why) const { return reader_.error(message_.begin, why); }
  // Of what is well formed and no tensor of ours, whichever file it is in.
  static Error unsupported(const std::string& why) { return Error(ErrorCode::kUnsupported, why); }
  // To be thrown when the tensor's name is known.
  void note(const Error& error) {
    if (!noted_) noted_ = error;
  }

  void take(const WireField& field) {
    switch (field.number) {
      case kDims:
        return take_dims(field);
      case kDataType:
        return take_number(field, "data_type", &data_type_);
      case kDataLocation:
        return take_number(field, "data_location", &data_location_);
      case kSegment:
        return note(unsupported("it is a segment; whole tensors are needed"));
      case kName:
        once(!tensor_.name.empty(), "name");
        tensor_.name = reader_.text_of(field);
        return;
      case kRawData:
        once(raw_.has_value(), "raw_data");
        raw_ = reader_.bytes_of(field);
        return;
      case kStringData:
        strings_ = true;
        return;
      case kExternalData:
        return take_external_entry(reader_.bytes_of(field));
      default:
        if (is_typed_field(field.number)) take_numbers(field);
    }
  }

  void once(bool seen, const char* field) {
    if (seen) note(invalid("a tensor has its " + std::string(field) + " twice"));
  }
  void take_number(const WireField& field, const char* name, std::optional<uint64_t>* number) {
    once(number->has_value(), name);
    *number = reader_.varint_of(field);
  }

  void take_dims(const WireField& field) {
    const auto add = [&](uint64_t extent) {
      if (dims_.size() == Shape::kMaxRank) {
        note(unsupported("it has more than " + std::to_string(Shape::kMaxRank) + " dimensions"));
        return false;
      }
      if (extent > INT64_MAX) {
        note(invalid("a tensor has the extent " + std::to_string(static_cast<int64_t>(extent))));
      }
      dims_.push_back(static_cast<int64_t>(extent));
      return true;
    };
    if (field.type == WireType::kBytes) {
      return reader_.read_packed(field.bytes, WireType::kVarint, add);
    }
    add(reader_.varint_of(field));
  }

  void take_numbers(const WireField& field) {
    const WireType number = number_kind(field.number);
    const int64_t width = number == WireType::kFixed32 ? 4 : 8;
    if (field.type == WireType::kBytes && field.bytes.size() == 0) return;
    if (numbers_.field != 0 && numbers_.field != field.number) {
      note(invalid("a tensor has values in the fields " + std::to_string(numbers_.field) + " and " +
                   std::to_string(field.number)));
    }
    numbers_.field = field.number;
    ++numbers_.runs;
    if (field.type != WireType::kBytes) {
      if (field.type != number) note(invalid("a value of a tensor is of the wrong kind"));
      ++numbers_.least;
      ++numbers_.most;
      numbers_.bytes += number != WireType::kVarint
                            ? width
                            : static_cast<int64_t>(CodedOutputStream::VarintSize64(field.value));
      return;
    }
    numbers_.packed = field.bytes;
    const int64_t size = field.bytes.size();
    numbers_.bytes += size;
    if (number == WireType::kVarint) {  // of 1 to 10 bytes
      numbers_.least += (size + 9) / 10;
      numbers_.most += size;
    } else {
      if (size % width != 0) note(invalid("packed numbers end inside a number"));
      numbers_.least += size / width;
      numbers_.most += size / width;
    }
  }

  void take_external_entry(ByteRange entry) {
    std::string key, value;
    reader_.read_message(entry, [&](const WireField& field) {
      if (field.number == 1) key = reader_.text_of(field);
      if (field.number == 2) value = reader_.text_of(field);
      return true;
    });
    if (external_.size() == kMaxExternalKeys) {
      return note(
          invalid("the external data has more than " + std::to_string(kMaxExternalKeys) + " keys"));
    }
    if (!external_.emplace(key, value).second) {
      note(invalid("the external data has the key " + quote_json(key) + " twice"));
    }
  }

  OnnxTensor finish() {
    if (noted_) throw *noted_;
    if (!data_type_ || *data_type_ == 0) throw invalid("a tensor has no data type");
    const ElementType* const type = find_element_type(*data_type_);
    if (!type) {
      throw unsupported("its elements are of the unknown data type " + std::to_string(*data_type_));
    }
    if (type->name == "STRING") throw unsupported("its elements are texts");
    if (!type->dtype) {
      throw unsupported("its elements are " + std::string(type->name) +
                        ", for which there is no dtype");
    }
    check_size(*type->dtype);
    const Shape shape(dims_);
    tensor_.info = {*type->dtype, shape, bytes_of(*type->dtype, shape.numel())};
    find_values(*type);
    return std::move(tensor_);
  }

  void check_size(DataType dtype) const {
    std::optional<int64_t> bits = bits_of(dtype);
    for (const int64_t extent : dims_) {
      bits = checked_mul(*bits, std::max<int64_t>(extent, 1));
      if (!bits) throw invalid("a tensor has a shape whose size does not fit in 63 bits");
    }
  }

  void find_values(const ElementType& type) {
    const bool external = data_location_.value_or(0) == kExternal;
    if (external != !external_.empty()) {
      throw invalid(external ? "a tensor is said to be external, but not where it lies"
                             : "a tensor has external data, but is not said to be external");
    }
    const int places = (external ? 1 : 0) + (raw_ && raw_->size() > 0 ? 1 : 0) +
                       (numbers_.field != 0 ? 1 : 0) + (strings_ ? 1 : 0);
    if (places > 1) throw invalid("a tensor has its values in two places");
    if (strings_) throw invalid("a tensor of numbers has its values in string_data");
    if (external) {
      find_external();
    } else if (numbers_.field != 0) {
      find_numbers(type);
    } else {
      const ByteRange raw = raw_.value_or(ByteRange{});
      if (raw.size() != tensor_.info.size_bytes) {
        throw invalid("a tensor of the shape " + to_string(tensor_.info.shape) + " has " +
                      std::to_string(raw.size()) + " bytes, " +
                      std::to_string(tensor_.info.size_bytes) + " are needed");
      }
      tensor_.values = InPlaceValues{raw.begin};
    }
  }

  void find_external() try {
    tensor_.values = parse_external_data(external_, tensor_.info.size_bytes);
    for (const auto& [key, value] : external_) {
      if (!is_external_data_key(key)) tensor_.ignored_keys.insert(key);
    }
  } catch (const Error& error) {
    throw invalid(error.message());
  }

  void find_numbers(const ElementType& type) {
    if (numbers_.field != type.field) {
      throw invalid("a tensor of the type " + std::string(type.name) + " has its values in field " +
                    std::to_string(numbers_.field) + ", they belong into field " +
                    std::to_string(type.field));
    }
    const int64_t needed = type.bits % 8 == 0 ? tensor_.info.size_bytes / (type.bits / 8)
                                              : tensor_.info.shape.numel();
    if (needed < numbers_.least || needed > numbers_.most) {
      std::string count = std::to_string(numbers_.least);
      if (numbers_.most > numbers_.least) {
        count = "at least " + count + " and at most " + std::to_string(numbers_.most);
      }
      throw invalid("a tensor of the shape " + to_string(tensor_.info.shape) + " has " + count +
                    " values, " + std::to_string(needed) + " are needed");
    }
    if (numbers_.in_place()) {
      tensor_.values = InPlaceValues{numbers_.packed.begin};
    } else {
      tensor_.info.encoding = number_kind(type.field) == WireType::kVarint ? "varint" : "fields";
      tensor_.info.stored_bytes = numbers_.bytes;
      tensor_.values =
          TypedValues{message_, type.field, number_kind(type.field), type.bits, needed};
    }
  }

  WireReader& reader_;
  const ByteRange message_;
  OnnxTensor tensor_;
  std::optional<Error> noted_;
  std::vector<int64_t> dims_;
  std::optional<uint64_t> data_type_, data_location_;
  std::optional<ByteRange> raw_;
  Numbers numbers_;
  bool strings_ = false;
  std::map<std::string, std::string, std::less<>> external_;
};

}  // namespace

OnnxTensor parse_tensor_proto(WireReader& reader, ByteRange message) {
  return TensorParser(reader, message).parse();
}

}  // namespace ferrum
