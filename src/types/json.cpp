#include "ferrum/types/json.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "types/json_error.h"

namespace ferrum {
namespace {

// At most 200 bytes, never ending inside a UTF-8 sequence.
std::string shortened(const std::string& text) {
  if (text.size() <= 200) return text;
  size_t end = 200;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

// Builds the value while it checks what the library's own parser lets pass: duplicate keys and
// unbounded nesting (whose destructor would recurse).
template <class J>
class BoundedSax : public nlohmann::detail::json_sax_dom_parser<J> {
  using Base = nlohmann::detail::json_sax_dom_parser<J>;

 public:
  BoundedSax(J& value, std::string_view what, int max_depth)
      : Base(value, false), what_(what), max_depth_(max_depth) {}

  bool start_object(size_t size) {
    enter();
    keys_.emplace_back();
    return Base::start_object(size);
  }
  bool key(std::string& name) {
    if (!keys_.back().insert(name).second) {
      throw Error(ErrorCode::kInvalidFormat,
                  std::string(what_) + " has the key '" + shortened(name) + "' twice");
    }
    if (std::is_same_v<J, OrderedJson> && keys_.back().size() > kMaxOrderedKeys) {
      throw Error(ErrorCode::kInvalidFormat, std::string(what_) + " has an object of more than " +
                                                 std::to_string(kMaxOrderedKeys) + " keys");
    }
    return Base::key(name);
  }
  bool end_object() {
    keys_.pop_back();
    --depth_;
    return Base::end_object();
  }
  bool start_array(size_t size) {
    enter();
    return Base::start_array(size);
  }
  bool end_array() {
    --depth_;
    return Base::end_array();
  }
  bool parse_error(size_t, const std::string&, const std::exception& error) {
    throw Error(ErrorCode::kInvalidFormat, std::string(what_) + " " + describe_json_error(error));
  }

 private:
  void enter() {
    if (++depth_ > max_depth_) {
      throw Error(ErrorCode::kInvalidFormat, std::string(what_) + " nests deeper than " +
                                                 std::to_string(max_depth_) + " levels");
    }
  }

  std::string_view what_;
  int max_depth_;
  int depth_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects being read
};

template <class J>
J parse_bounded(std::string_view text, std::string_view what, int max_depth) {
  // The library takes a NUL for the end of the text, and skips a byte order mark.
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::kInvalidFormat, std::string(what) + " is not valid JSON: " + why);
  };
  if (text.starts_with("\xEF\xBB\xBF")) refuse("it begins with a byte order mark");
  const size_t nul = text.find('\0');
  if (nul != std::string_view::npos) refuse("byte " + std::to_string(nul) + " is a NUL");
  J value;
  BoundedSax<J> sax(value, what, max_depth);
  J::sax_parse(text, &sax);
  return value;
}

}  // namespace

std::string describe_json_error(const std::exception& error) {
  // "[json.exception.parse_error.101] parse error at line 1, column 12: syntax error while parsing
  // value - invalid literal; last read: '<what the text holds there>'"
  std::string why = error.what();
  const auto cut_through = [&](std::string_view end) {
    const size_t at = why.find(end);
    if (at != std::string::npos) why.erase(0, at + end.size());
  };
  cut_through("] ");
  cut_through("parse error at ");
  const size_t quote = std::min(why.find("; last read: '"), why.find(" parsing '"));
  return "is not valid JSON: " + why.substr(0, quote);
}

Json parse_json(std::string_view text, std::string_view what, int max_depth) {
  return parse_bounded<Json>(text, what, max_depth);
}

OrderedJson parse_ordered_json(std::string_view text, std::string_view what, int max_depth) {
  return parse_bounded<OrderedJson>(text, what, max_depth);
}

void refuse_json(const Json& found, std::string_view wanted) {
  const bool brief = found.is_number() || found.is_boolean();
  throw Error(ErrorCode::kInvalidArgument, "must be " + std::string(wanted) + ", found " +
                                               (brief ? found.dump() : found.type_name()));
}

JsonReader::JsonReader(const Json& object, std::string what)
    : object_(object), what_(std::move(what)) {
  if (!object.is_object()) {
    throw Error(ErrorCode::kInvalidArgument,
                what_ + " must be a JSON object, found " + object.type_name());
  }
}

const Json* JsonReader::find(const char* key) {
  seen_.insert(key);
  const auto it = object_.find(key);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

void JsonReader::fail(const char* key, const std::string& why) const {
  throw Error(ErrorCode::kInvalidArgument, what_ + "." + key + ": " + why);
}

void JsonReader::finish() const {
  std::string unknown;
  for (const auto& [key, value] : object_.items()) {
    if (!seen_.contains(key)) unknown += (unknown.empty() ? "" : ", ") + key;
  }
  if (unknown.empty()) return;
  std::string known;
  for (const auto& key : seen_) known += (known.empty() ? "" : ", ") + key;
  throw Error(ErrorCode::kInvalidArgument, what_ + " has unknown keys: " + unknown,
              "known: " + known);
}

void to_json(Json& json, const DataType& dtype) { json = to_string(dtype); }
void from_json(const Json& json, DataType& dtype) { dtype = parse_dtype(json.get<std::string>()); }
void to_json(Json& json, const Device& device) { json = to_string(device); }
void from_json(const Json& json, Device& device) { device = parse_device(json.get<std::string>()); }
void to_json(Json& json, const Shape& shape) {
  json = std::vector<int64_t>(shape.dims().begin(), shape.dims().end());
}
void from_json(const Json& json, Shape& shape) {
  const auto dims = get_strictly<std::vector<int64_t>>(json);
  shape = Shape(std::span<const int64_t>(dims));
}

}  // namespace ferrum
