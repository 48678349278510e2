#pragma once
// JSON values, and the strict reader by which every configuration type is read.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrum/types/device.h"
#include "ferrum/types/dtype.h"
#include "ferrum/types/error.h"
#include "ferrum/types/shape.h"

namespace ferrum {

using Json = nlohmann::json;
// Keeps the order of keys as written; needed wherever the text that comes out must equal Python's.
using OrderedJson = nlohmann::ordered_json;

// Parses text of bounded nesting depth; duplicate keys, comments and trailing bytes are errors.
// `what` names the document in the message. Throws kInvalidFormat. An ordered object has at most
// kMaxOrderedKeys, since it finds a key by looking at all of them.
inline constexpr size_t kMaxOrderedKeys = 4096;
Json parse_json(std::string_view text, std::string_view what, int max_depth = 64);
OrderedJson parse_ordered_json(std::string_view text, std::string_view what, int max_depth = 64);

// Throws kInvalidArgument: "must be <wanted>, found ...".
[[noreturn]] void refuse_json(const Json& found, std::string_view wanted);

// As value.get<T>(), but nothing is converted that loses or invents something: a fraction or a
// boolean is no integer, a number out of range is not wrapped. Throws kInvalidArgument.
template <class T>
T get_strictly(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) refuse_json(value, "true or false");
  } else if constexpr (std::is_integral_v<T>) {
    const bool fits = value.is_number_unsigned()
                          ? std::in_range<T>(value.get<uint64_t>())
                          : value.is_number_integer() && std::in_range<T>(value.get<int64_t>());
    if (!fits) refuse_json(value, "an integer that fits in its type");
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) refuse_json(value, "a number");
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) refuse_json(value, "a string");
  } else if constexpr (requires {
                         requires std::is_same_v<T, std::vector<typename T::value_type>>;
                       }) {
    if (!value.is_array()) refuse_json(value, "a list");
    T list;
    for (const Json& element : value) {
      list.push_back(get_strictly<typename T::value_type>(element));
    }
    return list;
  }
  return value.get<T>();
}

// Reads one JSON object strictly: wrong types are refused with the key's name, and so are keys
// that nobody asked for.
//
//   JsonReader reader(json, "memory config");
//   reader.read("alignment", config.alignment);   // leaves the default when absent
//   reader.finish();                              // throws, naming the unknown keys
class JsonReader {
 public:
  // Borrows the object. Throws kInvalidArgument when it is not one.
  JsonReader(const Json& object, std::string what);
  JsonReader(Json&&, std::string) = delete;

  // Reads the key if present and not null; returns whether it was.
  template <class T>
  bool read(const char* key, T& out) {
    const Json* value = find(key);
    if (!value) return false;
    try {
      out = get_strictly<T>(*value);
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
