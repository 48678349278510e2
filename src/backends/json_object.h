#pragma once

#include <utility>

#include "ferrum/types/json.h"

namespace ferrum {

// reader.read for free-form extras: a value that is not an object is refused.
inline void read_object(JsonReader& reader, const char* key, Json& out) {
  Json::object_t object;
  if (reader.read(key, object)) out = std::move(object);
}

}  // namespace ferrum
