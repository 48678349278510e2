#include "text/jinja/json_text.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"

namespace ferrum::jinja {
namespace {

class Writer {
 public:
  Writer(Runtime& runtime, const JsonStyle& style) : runtime_(runtime), style_(style) {}

  void write(const Value& value);
  std::string take() { return std::move(out_); }

 private:
  using Entry = std::pair<Value, Value>;

  void write_string(const Value& value);
  void write_escape(char32_t c);
  void write_array(const std::vector<Value>& items);
  void write_object(const DictObject& dict);
  std::string key_text(const Value& key);
  void begin_item(bool first);
  void end_items();

  Runtime& runtime_;
  const JsonStyle& style_;
  std::string out_;
  int level_ = 0;
};

std::string number_text(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
  return repr_double(d);
}

void Writer::write(const Value& value) {
  const Runtime::Nesting nesting(runtime_);
  runtime_.reserve_text(static_cast<int64_t>(out_.size()));
  switch (value.kind()) {
    case Kind::kNone: out_ += "null"; return;
    case Kind::kBool: out_ += value.as_bool() ? "true" : "false"; return;
    case Kind::kInt: out_ += std::to_string(value.as_int()); return;
    case Kind::kFloat: out_ += number_text(value.as_double()); return;
    case Kind::kString: return write_string(value);
    case Kind::kList:
    case Kind::kTuple: return write_array(value.items());
    case Kind::kDict: return write_object(value.as_dict());
    default:
      runtime_.fail("Object of type " + std::string(type_name(value)) +
                    " is not JSON serializable");
  }
}

void Writer::write_escape(char32_t c) {
  static constexpr std::string_view kNamed = "\"\\\n\r\t\b\f";
  static constexpr std::string_view kLetters = "\"\\nrtbf";
  if (const size_t i = kNamed.find(static_cast<char>(c)); c < 0x80 && i != kNamed.npos) {
    out_ += '\\';
    out_ += kLetters[i];
    return;
  }
  char buffer[16];
  if (c >= 0x10000) {
    const unsigned v = unsigned(c) - 0x10000;
    const unsigned high = 0xd800 | (v >> 10), low = 0xdc00 | (v & 0x3ff);
    std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", high, low);
  } else {
    std::snprintf(buffer, sizeof buffer, "\\u%04x", unsigned(c));
  }
  out_ += buffer;
}

void Writer::write_string(const Value& value) {
  const std::string& text = value.as_string();
  runtime_.scan(value);
  out_ += '"';
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    const char32_t c = next_code_point(text, i);
    if (c < 0x20 || c == '"' || c == '\\' || (style_.ensure_ascii && c >= 0x7f)) {
      write_escape(c);
    } else {
      out_.append(text, begin, i - begin);
    }
  }
  out_ += '"';
}

void Writer::begin_item(bool first) {
  if (!first) out_ += style_.item_separator;
  if (!style_.multiline) return;
  const int64_t size = static_cast<int64_t>(style_.indent.size()) * level_;
  runtime_.step(size / 64);
  runtime_.reserve_text(static_cast<int64_t>(out_.size()) + size);
  out_ += '\n';
  for (int i = 0; i < level_; ++i) out_ += style_.indent;
}

void Writer::end_items() {
  --level_;
  if (style_.multiline) begin_item(true);
}

void Writer::write_array(const std::vector<Value>& items) {
  out_ += '[';
  if (!items.empty()) {
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      begin_item(i == 0);
      write(items[i]);
    }
    end_items();
  }
  out_ += ']';
}

std::string Writer::key_text(const Value& key) {
  switch (key.kind()) {
    case Kind::kNone: return "null";
    case Kind::kBool: return key.as_bool() ? "true" : "false";
    case Kind::kInt: return std::to_string(key.as_int());
    case Kind::kFloat: return number_text(key.as_double());
    default:
      runtime_.fail("keys must be str, int, float, bool or None, not " +
                    std::string(type_name(key)));
  }
}

void Writer::write_object(const DictObject& dict) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : dict.entries) entries.push_back(&entry);
  if (style_.sort_keys) {
    std::stable_sort(entries.begin(), entries.end(), [&](const Entry* a, const Entry* b) {
      return less(runtime_, a->first, b->first);
    });
  }
  out_ += '{';
  if (!entries.empty()) {
    ++level_;
    for (size_t i = 0; i < entries.size(); ++i) {
      begin_item(i == 0);
      const Value& key = entries[i]->first;
      write_string(key.is_string() ? key : Value::constant(key_text(key)));
      out_ += style_.key_separator;
      write(entries[i]->second);
    }
    end_items();
  }
  out_ += '}';
}

}  // namespace

std::string dump_json(Runtime& runtime, const Value& value, const JsonStyle& style) {
  Writer writer(runtime, style);
  writer.write(value);
  return writer.take();
}

}  // namespace ferrum::jinja
