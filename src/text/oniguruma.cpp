#include "text/oniguruma.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

// With the superscripts and fractions of Latin-1, but no others.
constexpr std::string_view kWord =
    "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
constexpr std::string_view kHexDigit = "0-9A-Fa-f";
constexpr size_t kNone = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (!at_end()) step();
    if (!groups_.empty()) refuse("an unclosed group");
    return std::move(out_);
  }

 private:
  bool at_end() const { return at_ >= in_.size(); }
  bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  char take() {
    if (at_end()) refuse("an unfinished expression");
    return in_[at_++];
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorCode::kUnsupported,
                "the regular expression '" + std::string(in_.substr(0, 500)) + "' uses " + what +
                    " (near byte " + std::to_string(at_) + ")",
                "Ferrum reads the subset of Oniguruma that published tokenizers use");
  }

  void step() {
    switch (in_[at_]) {
      case '\\': begin_atom(), ++at_, escape(); break;
      case '[': begin_atom(), ++at_, character_class(); break;
      case '(': ++at_, open_group(); break;
      case ')': ++at_, close_group(); break;
      case '{': ++at_, interval(); break;
      case '*': case '+': case '?': quantifier(); break;
      case '|': out_ += in_[at_++], atom_ = kNone; break;
      default: begin_atom(), copy_character(); break;
    }
  }

  void begin_atom() { atom_ = out_.size(); }

  void copy_character() {
    out_ += in_[at_++];
    while (!at_end() && is_continuation(in_[at_])) out_ += in_[at_++];
  }

  // ? * + and their lazy and possessive forms agree.
  void quantifier() {
    out_ += in_[at_++];
    if (next_is("?") || next_is("+")) out_ += in_[at_++];
  }

  // Here {n,m}+ repeats the repetition and {n}? makes it optional; in PCRE2 the one is possessive,
  // the other lazy.
  void interval() {
    const size_t end = in_.find('}', at_);
    const std::string_view body = in_.substr(at_, end == kNone ? 0 : end - at_);
    const size_t comma = body.find(',');
    const bool number = std::any_of(body.begin(), body.end(), is_digit) &&
                        std::all_of(body.begin(), body.end(),
                                    [](char c) { return is_digit(c) || c == ','; }) &&
                        std::count(body.begin(), body.end(), ',') <= 1;
    if (!number) {
      begin_atom();
      out_ += "\\{";
      return;
    }
    if (atom_ == kNone) refuse("a repetition of nothing");
    at_ = end + 1;
    out_ += (comma == 0 ? "{0" : "{") + std::string(body) + "}";
    if (next_is("+") || (comma == kNone && next_is("?"))) {
      out_.insert(atom_, "(?:");
      out_ += ')';
    } else if (next_is("?")) {
      out_ += in_[at_++];
    }
  }

  void open_group() {
    groups_.push_back(out_.size());
    atom_ = kNone;
    out_ += '(';
    if (next_is("*")) refuse("a callout");
    if (!next_is("?")) return;
    for (const std::string_view plain : {"?:", "?=", "?!", "?>", "?<=", "?<!"}) {
      if (next_is(plain)) {
        out_ += plain;
        at_ += plain.size();
        return;
      }
    }
    flags();
  }

  void flags() {
    const bool leads = groups_.back() == 0 || out_[groups_.back() - 1] == '(' ||
                       out_.substr(0, groups_.back()).ends_with("?:");
    out_ += take();
    while (true) {
      const char c = take();
      switch (c) {
        case 'i': case '-': out_ += c; break;
        case 'm': out_ += 's'; break;  // a dot that matches newlines
        case ':': out_ += c; return;
        case ')':
          if (!leads) refuse("flags in the middle of a group");
          out_ += c;
          groups_.pop_back();
          return;
        default: refuse(std::string("the group '(?") + c + "'");
      }
    }
  }

  void close_group() {
    if (groups_.empty()) refuse("an unopened group");
    atom_ = groups_.back();
    groups_.pop_back();
    out_ += ')';
  }

  void character_class() {
    out_ += '[';
    if (next_is("^")) out_ += in_[at_++];
    if (next_is("]")) refuse("an empty class");
    for (int depth = 1; depth > 0;) {
      const char c = take();
      if (c == ']') {
        if (--depth > 0 && next_is("-")) refuse("a range that starts at a class");
      } else if (c == '[') {
        if (next_is(":")) refuse("a POSIX bracket");
        if (next_is("^") || next_is("]")) refuse("a negated or empty class inside a class");
        if (in_[at_ - 2] == '-') refuse("a range that ends at a class");
        ++depth;  // a union: the same as its members
      } else if (c == '&' && next_is("&")) {
        refuse("an intersection of classes");
      } else if (c == '\\') {
        class_escape();
      } else {
        --at_, copy_character();
      }
    }
    out_ += ']';
  }

  void escape() {
    const char c = take();
    const std::string word_set = "[" + std::string(kWord) + "]";
    switch (c) {
      case 'w': out_ += word_set; break;
      case 'W': out_ += "[^" + std::string(kWord) + "]"; break;
      case 'h': out_ += "[" + std::string(kHexDigit) + "]"; break;
      case 'H': out_ += "[^" + std::string(kHexDigit) + "]"; break;
      case 'b':
        out_ += "(?:(?<=" + word_set + ")(?!" + word_set + ")|(?<!" + word_set + ")(?=" +
                word_set + "))";
        break;
      case 'B':
        out_ += "(?:(?<=" + word_set + ")(?=" + word_set + ")|(?<!" + word_set + ")(?!" +
                word_set + "))";
        break;
      case 'A': case 'z': case 'Z': case 'G': case 'R': out_ += {'\\', c}; break;
      default:
        if (c >= '1' && c <= '9') {
          if (!at_end() && is_digit(in_[at_])) refuse("a reference beyond the ninth group");
          out_ += {'\\', c};
        } else {
          common_escape(c);
        }
    }
  }

  void class_escape() {
    const char c = take();
    switch (c) {
      case 'w': out_ += kWord; break;
      case 'h': out_ += kHexDigit; break;
      case 'b': out_ += "\\x{8}"; break;
      default: common_escape(c);
    }
  }

  // Escapes that mean the same inside and outside of a class.
  void common_escape(char c) {
    switch (c) {
      case 's': out_ += "\\p{White_Space}"; break;
      case 'S': out_ += "\\P{White_Space}"; break;
      case 'd': out_ += "\\p{Nd}"; break;
      case 'D': out_ += "\\P{Nd}"; break;
      case 'p': property(false); break;
      case 'P': property(true); break;
      case 't': case 'n': case 'r': case 'f': case 'a': case 'e': out_ += {'\\', c}; break;
      case 'v': out_ += "\\x{b}"; break;
      case 'x': hexadecimal(next_is("{") ? 0 : 2); break;
      case 'u': hexadecimal(4); break;
      default:
        if (is_alnum(c)) refuse(std::string("the escape '\\") + c + "'");
        if (static_cast<uint8_t>(c) < 0x80) out_ += '\\';
        --at_, copy_character();
    }
  }

  // `digits` 0 reads \x{...}. Two digits above 7F would be a raw byte of UTF-8.
  void hexadecimal(size_t digits) {
    const size_t begin = digits == 0 ? at_ + 1 : at_;
    const size_t end = digits == 0 ? std::min(in_.find('}', at_), in_.size())
                                   : std::min(at_ + digits, in_.size());
    uint32_t value = 0;
    const auto [stop, error] = std::from_chars(in_.data() + begin, in_.data() + end, value, 16);
    if (error != std::errc() || stop != in_.data() + end || (digits == 0 && end == in_.size()) ||
        (digits == 2 && value > 0x7F)) {
      refuse("a character code that is not one");
    }
    at_ = digits == 0 ? end + 1 : end;
    std::array<char, 16> text;
    const auto written = std::to_chars(text.data(), text.data() + text.size(), value, 16);
    out_ += "\\x{" + std::string(text.data(), written.ptr) + "}";
  }

  void property(bool negated) {
    const size_t end = in_.find('}', at_);
    if (!next_is("{") || end == kNone) refuse("a property without a name");
    std::string name(in_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    if (name.starts_with('^')) {
      negated = !negated;
      name.erase(0, 1);
    }
    if (name.empty() || !std::all_of(name.begin(), name.end(),
                                     [](char c) { return is_alnum(c) || c == '_'; })) {
      refuse("the property '" + name + "'");
    }
    out_ += (negated ? "\\P{" : "\\p{") + pcre2_property(name) + "}";
  }

  // A bare script name matches script extensions in PCRE2, the script alone in Oniguruma.
  static std::string pcre2_property(const std::string& name) {
    static constexpr std::pair<std::string_view, std::string_view> kCategories[] = {
        {"Letter", "L"}, {"Mark", "M"},      {"Number", "N"}, {"Punctuation", "P"},
        {"Symbol", "S"}, {"Separator", "Z"}, {"Other", "C"}};
    for (const auto& [longer, category] : kCategories) {
      if (name == longer) return std::string(category);
    }
    if (name.size() <= 2) return name;
    for (const std::string_view same :
         {"Any", "Alphabetic", "White_Space", "Uppercase", "Lowercase", "Ideographic"}) {
      if (name == same) return name;
    }
    return "sc:" + name;
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = kNone;         // where in out_ a quantifier's operand begins
  std::vector<size_t> groups_;  // where in out_ the open groups begin
};

}  // namespace

std::string to_pcre2_syntax(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace ferrum
