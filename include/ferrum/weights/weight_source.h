#pragma once
// Where weight bytes lie. Seed name: WeightSource.
//
// A source names a place; it opens nothing. Its kind selects a part of the source axis ("file",
// "memory"), and the location is that part's own business, so a new kind edits nothing here.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ferrum/tensor/storage.h"
#include "ferrum/types/json.h"

namespace ferrum {

// A weight format by name: "safetensors", ... One of the format catalog.
using WeightFormat = std::string;

struct WeightSource {
  std::string kind;                // "file", "memory"
  Json location = Json::object();  // file: {"path"}; memory: {"name", "size"}
  std::optional<WeightFormat> format;  // detected from the content when absent
  // What the bytes do not say themselves, such as the dtype and shape of "raw"; the format's own.
  Json format_options = Json::object();
  std::optional<std::string> tensor_name;  // in the file, where it differs from the spec's name
  std::shared_ptr<Storage> bytes;      // of "memory": a view that the source keeps alive

  static WeightSource file(std::string path,
                           std::optional<std::string> tensor_name = std::nullopt);
  // `name` is for messages. The bytes are used in place, never copied.
  static WeightSource memory(std::shared_ptr<Storage> bytes, std::string name,
                             std::optional<WeightFormat> format = std::nullopt);

  // "model-00001-of-00002.safetensors", for messages: no path, no query, no header.
  std::string to_string() const;
};
void to_json(Json& json, const WeightSource& source);  // bytes of "memory" are not written
void from_json(const Json& json, WeightSource& source);

// A Storage over host bytes that someone else owns and keeps alive, read-only.
std::shared_ptr<Storage> borrow_bytes(std::string_view bytes);

}  // namespace ferrum
