#pragma once
// Base of the event handlers that read large foreign JSON without building it in memory: every
// event is an error unless the handler expects it.

#include <algorithm>
#include <string>
#include <string_view>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "types/json_error.h"

namespace ferrum {

// `text` as a JSON string of bounded length, for messages.
inline std::string quote_json(std::string_view text) {
  const bool cut = text.size() > 200;
  std::string quoted = Json(std::string(text.substr(0, 200)))
                           .dump(-1, ' ', true, Json::error_handler_t::replace);
  return cut ? quoted + "..." : quoted;
}

class StrictSax : public nlohmann::json_sax<Json> {
 public:
  // `what` names the document.
  explicit StrictSax(std::string what) : what_(std::move(what)) {}

  // Reads `text` as one value. Throws kInvalidFormat.
  void parse(std::string_view text) {
    check_tokens(text);
    Json::sax_parse(text.begin(), text.end(), this);
  }

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  // Only written with a minus sign; the library calls number_unsigned otherwise.
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }
  bool number_unsigned(number_unsigned_t) override { unexpected("a number"); }
  bool number_float(number_float_t, const string_t& text) override {
    unexpected("the number " + quote_json(text) + ", not a plain integer of 64 bits,");
  }
  bool string(string_t&) override { unexpected("a string"); }
  bool binary(binary_t&) override { unexpected("binary data"); }
  bool start_object(size_t) override { unexpected("an object"); }
  bool key(string_t& name) override { unexpected("the key " + quote_json(name)); }
  bool end_object() override { unexpected("the end of an object"); }
  bool start_array(size_t) override { unexpected("an array"); }
  bool end_array() override { unexpected("the end of an array"); }
  bool parse_error(size_t, const std::string&, const Json::exception& error) override {
    fail(describe_json_error(error) + place());
  }

 protected:
  [[noreturn]] void fail(const std::string& why,
                         ErrorCode code = ErrorCode::kInvalidFormat) const {
    throw Error(code, what_ + " " + why);
  }
  [[noreturn]] void unexpected(const std::string& event) const {
    fail("has " + event + " where it may not be" + place());
  }
  // Where the parser stands: " (tensor \"x\", shape)".
  virtual std::string place() const { return ""; }

 private:
  // The library copies a token before it reports it, so an over-long one is refused here; and it
  // takes a NUL for the end of the text, so that anything could follow.
  void check_tokens(std::string_view text) const {
    constexpr size_t kMaxTokenBytes = size_t{16} << 20;
    size_t token = 0;
    bool in_string = false, escaped = false;
    for (const char c : text) {
      if (c == '\0') fail("has a NUL byte");
      if (in_string) {
        in_string = escaped || c != '"';
        escaped = !escaped && c == '\\';
        ++token;
      } else if (c == '"') {
        in_string = true;
        token = 0;
      } else {
        token = std::string_view(" \t\r\n{}[],:").find(c) == std::string_view::npos ? token + 1 : 0;
      }
      if (token > kMaxTokenBytes) fail("has a value of more than 16 MiB");
    }
  }

  std::string what_;
};

}  // namespace ferrum
