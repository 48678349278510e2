#pragma once
// What a ModelProto tells about itself besides its graph: versions, producer, properties.

#include "ferrum/types/json.h"
#include "weights/formats/onnx/wire_reader.h"

namespace ferrum {

class ModelDescription {
 public:
  // Takes in one field of the ModelProto; what is not described here changes nothing. Throws
  // kInvalidFormat.
  void take(WireReader& reader, const WireField& field);

  // {"ir_version", "producer_name", "producer_version", "opset_import": {domain: version},
  // "metadata_props": {key: text}}, as far as they are given. A property that is not UTF-8 or too
  // long for a listing is {"bytes": size}.
  const Json& to_json() const { return json_; }

 private:
  void take_opset(WireReader& reader, ByteRange message);
  void take_property(WireReader& reader, ByteRange message);

  Json json_ = Json::object();
  int entries_ = 0;
  int64_t property_bytes_ = 0;
};

}  // namespace ferrum
