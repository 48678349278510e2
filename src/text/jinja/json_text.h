#pragma once
// The tojson filter: Python's json.dumps, byte for byte.

#include <string>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace ferrum::jinja {

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool multiline = false;
  std::string indent;                // of one level, when multiline
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

std::string dump_json(Runtime& runtime, const Value& value, const JsonStyle& style);

}  // namespace ferrum::jinja
