#include "weights/formats/onnx/model_description.h"

#include <string>
#include <utility>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"

namespace ferrum {
namespace {

enum {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kOpsetImport = 8,
  kMetadataProps = 14,
};

constexpr int kMaxEntries = 10'000;                      // of opset_import and metadata_props
constexpr int64_t kMaxPropertyBytes = int64_t{1} << 20;  // of all that are kept

}  // namespace

void ModelDescription::take(WireReader& reader, const WireField& field) {
  switch (field.number) {
    case kIrVersion:
      json_["ir_version"] = reader.varint_of(field);
      break;
    case kProducerName:
      json_["producer_name"] = reader.text_of(field);
      break;
    case kProducerVersion:
      json_["producer_version"] = reader.text_of(field);
      break;
    case kOpsetImport:
    case kMetadataProps:
      if (++entries_ > kMaxEntries) {
        reader.fail(field.position, "it has more than " + std::to_string(kMaxEntries) +
                                        " sets of operators and properties");
      }
      if (field.number == kOpsetImport) take_opset(reader, reader.bytes_of(field));
      if (field.number == kMetadataProps) take_property(reader, reader.bytes_of(field));
      break;
    default:
      break;
  }
}

void ModelDescription::take_opset(WireReader& reader, ByteRange message) {
  std::string domain;
  uint64_t version = 0;
  reader.read_message(message, [&](const WireField& field) {
    if (field.number == 1) domain = reader.text_of(field);
    if (field.number == 2) version = reader.varint_of(field);
    return true;
  });
  json_["opset_import"][domain.empty() ? "ai.onnx" : domain] = version;
}

void ModelDescription::take_property(WireReader& reader, ByteRange message) {
  std::string key;
  ByteRange value;
  reader.read_message(message, [&](const WireField& field) {
    if (field.number == 1) key = reader.text_of(field);
    if (field.number == 2) value = reader.bytes_of(field);
    return true;
  });
  Json& property = json_["metadata_props"][key];
  property = Json{{"bytes", value.size()}};
  if (property_bytes_ + value.size() > kMaxPropertyBytes) return;
  property_bytes_ += value.size();
  std::string text = reader.read(value);
  if (!find_invalid_utf8(text)) property = std::move(text);
}

}  // namespace ferrum
