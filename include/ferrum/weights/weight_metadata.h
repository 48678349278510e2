#pragma once
// What the headers of a weight file tell about its tensors. Seed name: WeightMetadata.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ferrum/types/dtype.h"
#include "ferrum/types/json.h"
#include "ferrum/types/shape.h"
#include "ferrum/weights/weight_source.h"

namespace ferrum {

struct TensorInfo {
  DataType dtype = DataType::kF32;  // of the elements as they are loaded
  Shape shape;
  int64_t size_bytes = 0;
  // How they are stored where they must be decoded, such as "q4_k" or "deflate", and in how many
  // bytes; empty and 0 where they lie as they are.
  std::string encoding = {};
  int64_t stored_bytes = 0;
  bool operator==(const TensorInfo&) const = default;
};
void to_json(Json& json, const TensorInfo& info);
void from_json(const Json& json, TensorInfo& info);

struct WeightMetadata {
  std::map<std::string, TensorInfo, std::less<>> tensors;
  // Tensors that are there and cannot be loaded, such as texts, or of a type that no DataType is:
  // why. Loading one throws kUnsupported.
  std::map<std::string, std::string, std::less<>> unreadable;
  WeightFormat format;
  int64_t total_size_bytes = 0;  // of all tensors
  std::vector<DataType> dtypes;  // those that occur, in declaration order
  Json extra = Json::object();   // the format's own, such as safetensors' __metadata__

  // Sets total_size_bytes and dtypes from `tensors`.
  void summarise();
};
void to_json(Json& json, const WeightMetadata& metadata);
void from_json(const Json& json, WeightMetadata& metadata);

}  // namespace ferrum
