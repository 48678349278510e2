#pragma once
// JSON values, and the strict reader by which every configuration type is read.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <nlohmann/json.hpp>

#include "ferrum/types/device.h"
#include "ferrum/types/dtype.h"
#include "ferrum/types/error.h"
#include "ferrum/types/shape.h"

namespace ferrum {

using Json = nlohmann::json;
// Keeps the order of keys as written; needed wherever the text that comes out must equal Python's.
using OrderedJson = nlohmann::ordered_json;

// Parses text of bounded nesting depth; duplicate keys, comments and trailing bytes are errors.
// `what` names the document in the message. Throws kInvalidFormat.
Json parse_json(std::string_view text, std::string_view what, int max_depth = 64);
OrderedJson parse_ordered_json(std::string_view text, std::string_view what, int max_depth = 64);

// Reads one JSON object strictly: wrong types are refused with the key's name, and so are keys
// that nobody asked for.
//
//   JsonReader reader(json, "memory config");
//   reader.read("alignment", config.alignment);   // leaves the default when absent
//   reader.finish();                              // throws, naming the unknown keys
class JsonReader {
 public:
  JsonReader(const Json& object, std::string what);

  // Reads the key if present and not null; returns whether it was.
  template <class T>
  bool read(const char* key, T& out) {
    const Json* value = find(key);
    if (!value) return false;
    try {
      out = value->get<T>();
    } catch (const Json::exception& e) {
      fail(key, e.what());
    } catch (const Error& e) {
      throw e.with_context(what_ + "." + key);
    }
    return true;
  }

  // As read, but an absent key is an error.
  template <class T>
  void require(const char* key, T& out) {
    if (!read(key, out)) fail(key, "is required");
  }

  // Throws kInvalidArgument naming every key that was never read.
  void finish() const;

 private:
  const Json* find(const char* key);
  [[noreturn]] void fail(const char* key, const std::string& why) const;

  const Json& object_;
  std::string what_;
  std::set<std::string, std::less<>> seen_;
};

void to_json(Json& json, const DataType& dtype);
void from_json(const Json& json, DataType& dtype);
void to_json(Json& json, const Device& device);
void from_json(const Json& json, Device& device);
void to_json(Json& json, const Shape& shape);
void from_json(const Json& json, Shape& shape);

}  // namespace ferrum
