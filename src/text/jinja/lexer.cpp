#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"
#include "text/jinja/python_text.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace ferrum::jinja {
namespace {

bool is_digit_char(char c) { return c >= '0' && c <= '9'; }

// Newlines become \n, and one at the very end is dropped.
std::string normalise_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalise_newlines(source)), rest_(source_) {}

  std::vector<Token> run() {
    while (!rest_.empty()) read_text();
    push(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  void push(TokenKind kind, std::string text) {
    tokens_.push_back({kind, line_, std::move(text)});
  }

  void advance(size_t bytes) {
    const std::string_view passed = rest_.substr(0, bytes);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    at_line_start_ = passed.ends_with('\n');
    rest_.remove_prefix(bytes);
  }

  void skip_space() { advance(rest_.size() - strip_left(rest_).size()); }

  // Text up to the next tag, then the tag.
  void read_text();
  void read_comment();
  void read_raw(size_t begin_size);
  void read_tag(bool is_block);
  void read_token();
  void read_number();
  void read_string();
  size_t match_raw(std::string_view at) const;
  size_t match_endraw(std::string_view at, char& sign) const;
  void push_text(std::string_view text, char sign, bool may_lstrip);
  void balance(char c);

  const std::string source_;
  std::string_view rest_;
  std::vector<Token> tokens_;
  std::string open_;  // brackets not yet closed, as their closers
  int line_ = 1;
  bool at_line_start_ = true;
};

char sign_of(std::string_view tag) {
  return tag.size() > 2 && (tag[2] == '-' || tag[2] == '+') ? tag[2] : '\0';
}

void Lexer::push_text(std::string_view text, char sign, bool may_lstrip) {
  std::string_view kept = text;
  if (sign == '-') {
    kept = strip_right(text);
  } else if (sign != '+' && may_lstrip) {
    const size_t newline = text.rfind('\n');
    const size_t begin = newline == text.npos ? 0 : newline + 1;
    if ((begin > 0 || at_line_start_) && strip(text.substr(begin)).empty()) {
      kept = text.substr(0, begin);
    }
  }
  if (!kept.empty()) push(TokenKind::kText, std::string(kept));
}

void Lexer::read_text() {
  size_t at = 0;
  while ((at = rest_.find('{', at)) != rest_.npos) {
    if (at + 1 < rest_.size() && std::strchr("{%#", rest_[at + 1]) && rest_[at + 1]) break;
    ++at;
  }
  if (at == rest_.npos) {
    push(TokenKind::kText, std::string(rest_));
    advance(rest_.size());
    return;
  }
  const std::string_view tag = rest_.substr(at);
  const char sign = sign_of(tag);
  push_text(rest_.substr(0, at), sign, tag[1] != '{');
  const size_t raw = tag[1] == '%' ? match_raw(tag) : 0;
  advance(at);
  if (raw) return read_raw(raw);
  const char kind = tag[1];
  const int begin_line = line_;
  advance(sign ? 3 : 2);
  if (kind == '#') return read_comment();
  const bool is_block = kind == '%';
  const auto begin = is_block ? TokenKind::kBlockBegin : TokenKind::kPrintBegin;
  tokens_.push_back({begin, begin_line, ""});
  read_tag(is_block);
}

// The size of "{%[-+] raw [-]%}" and the space it strips, or 0 for another tag.
size_t Lexer::match_raw(std::string_view at) const {
  std::string_view s = strip_left(at.substr(sign_of(at) ? 3 : 2));
  if (!s.starts_with("raw")) return 0;
  s = strip_left(s.substr(3));
  if (s.starts_with("-%}")) return at.size() - strip_left(s.substr(3)).size();
  return s.starts_with("%}") ? at.size() - s.size() + 2 : 0;
}

size_t Lexer::match_endraw(std::string_view at, char& sign) const {
  sign = sign_of(at);
  std::string_view s = strip_left(at.substr(sign ? 3 : 2));
  if (!s.starts_with("endraw")) return 0;
  s = strip_left(s.substr(6));
  if (s.starts_with("+%}")) return at.size() - s.size() + 3;
  if (s.starts_with("-%}")) return at.size() - strip_left(s.substr(3)).size();
  if (!s.starts_with("%}")) return 0;
  s = s.substr(2);
  return at.size() - s.size() + (s.starts_with('\n') ? 1 : 0);
}

void Lexer::read_raw(size_t begin_size) {
  const int begin_line = line_;
  advance(begin_size);
  for (size_t at = 0; (at = rest_.find("{%", at)) != rest_.npos; at += 2) {
    char sign = '\0';
    if (const size_t size = match_endraw(rest_.substr(at), sign)) {
      push_text(rest_.substr(0, at), sign, true);
      return advance(at + size);
    }
  }
  fail_syntax(begin_line, "missing end of raw directive");
}

void Lexer::read_comment() {
  const size_t end = rest_.find("#}");
  if (end == rest_.npos) fail_syntax(line_, "missing end of comment tag");
  const char sign = end > 0 ? rest_[end - 1] : '\0';
  advance(end + 2);
  if (sign == '-') {
    skip_space();
  } else if (sign != '+' && rest_.starts_with('\n')) {
    advance(1);
  }
}

void Lexer::read_tag(bool is_block) {
  const int begin_line = line_;
  const std::string_view end = is_block ? "%}" : "}}";
  open_.clear();
  for (;;) {
    skip_space();
    if (rest_.empty()) fail_syntax(begin_line, "the tag is not closed");
    if (open_.empty()) {
      const bool strips = rest_[0] == '-' && rest_.substr(1).starts_with(end);
      const bool keeps = is_block && rest_[0] == '+' && rest_.substr(1).starts_with(end);
      if (strips || keeps || rest_.starts_with(end)) {
        push(is_block ? TokenKind::kBlockEnd : TokenKind::kPrintEnd, "");
        advance(strips || keeps ? 3 : 2);
        if (strips) skip_space();
        if (!strips && !keeps && is_block && rest_.starts_with('\n')) advance(1);
        return;
      }
    }
    read_token();
  }
}

void Lexer::balance(char c) {
  if (c == '{') open_ += '}';
  if (c == '(') open_ += ')';
  if (c == '[') open_ += ']';
  if (c != '}' && c != ')' && c != ']') return;
  if (open_.empty()) fail_syntax(line_, std::string("unexpected '") + c + "'");
  if (open_.back() != c) {
    fail_syntax(line_, std::string("unexpected '") + c + "', expected '" + open_.back() + "'");
  }
  open_.pop_back();
}

void Lexer::read_token() {
  if (is_digit_char(rest_[0])) return read_number();
  if (rest_[0] == '\'' || rest_[0] == '"') return read_string();
  size_t end = 0;
  if (const char32_t first = next_code_point(rest_, end); is_name_start(first)) {
    for (size_t next = end; next < rest_.size(); end = next) {
      if (!is_name_part(next_code_point(rest_, next))) break;
    }
    push(TokenKind::kName, std::string(rest_.substr(0, end)));
    return advance(end);
  }
  static constexpr std::array<std::string_view, 26> kOperators = {
      "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
      "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
  for (const std::string_view op : kOperators) {
    if (!rest_.starts_with(op)) continue;
    balance(op[0]);
    push(TokenKind::kOperator, std::string(op));
    return advance(op.size());
  }
  fail_syntax(line_, "unexpected character " + quote(rest_.substr(0, end)));
}

// The length of \d(_?\d)* over the digits that `accept` takes.
template <class Accept>
size_t digits_length(std::string_view text, Accept accept) {
  size_t n = 0;
  while (n < text.size()) {
    if (accept(text[n])) {
      ++n;
    } else if (n > 0 && text[n] == '_' && n + 1 < text.size() && accept(text[n + 1])) {
      n += 2;
    } else {
      break;
    }
  }
  return n;
}

// The length of the float that `text` begins with, or 0.
size_t float_length(std::string_view text) {
  size_t n = digits_length(text, is_digit_char);
  bool is_float = false;
  if (n < text.size() && text[n] == '.') {
    if (const size_t fraction = digits_length(text.substr(n + 1), is_digit_char)) {
      n += 1 + fraction;
      is_float = true;
    }
  }
  if (n < text.size() && (text[n] | 0x20) == 'e') {
    const size_t sign = n + 1 < text.size() && (text[n + 1] == '+' || text[n + 1] == '-') ? 1 : 0;
    const size_t begin = std::min(n + 1 + sign, text.size());
    if (const size_t exponent = digits_length(text.substr(begin), is_digit_char)) {
      n = begin + exponent;
      is_float = true;
    }
  }
  return is_float ? n : 0;
}

size_t integer_length(std::string_view text) {
  const char mark = text.size() > 2 ? static_cast<char>(text[1] | 0x20) : '\0';
  if (text[0] == '0' && (mark == 'x' || mark == 'o' || mark == 'b')) {
    const size_t skip = text[2] == '_' ? 3 : 2;
    const size_t n = digits_length(text.substr(skip), [mark](char c) {
      if (mark == 'x') return std::isxdigit(static_cast<unsigned char>(c)) != 0;
      return c >= '0' && c <= (mark == 'o' ? '7' : '1');
    });
    if (n) return skip + n;
  }
  if (text[0] == '0') return digits_length(text, [](char c) { return c == '0'; });
  return digits_length(text, is_digit_char);
}

void Lexer::read_number() {
  const bool after_dot = !tokens_.empty() && tokens_.back().is_operator(".");
  const size_t float_size = after_dot ? 0 : float_length(rest_);
  const size_t size = float_size ? float_size : integer_length(rest_);
  const std::string text(rest_.substr(0, size));
  Token token{float_size ? TokenKind::kFloat : TokenKind::kInteger, line_, text};
  if (float_size) {
    token.real = parse_float(text).value();
  } else {
    bool overflow = false;
    const auto value = parse_int(text, 0, overflow);
    if (!value) fail_syntax(line_, "the integer " + text + " does not fit 64 bits");
    token.integer = *value;
  }
  tokens_.push_back(std::move(token));
  advance(size);
}

// Appends the character of the escape at `text` (after its backslash); returns the bytes used.
size_t append_escape(std::string_view text, int line, std::string& out) {
  static constexpr std::string_view kNames = "abfnrtv\\'\"";
  static constexpr std::string_view kCharacters = "\a\b\f\n\r\t\v\\'\"";
  const char c = text[0];
  if (const size_t i = kNames.find(c); i != kNames.npos) {
    out += kCharacters[i];
    return 1;
  }
  if (c == '\n') return 1;
  size_t begin = 1, count = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  int base = 16;
  if (c >= '0' && c <= '7') {
    begin = 0;
    base = 8;
    while (count < 3 && count < text.size() && text[count] >= '0' && text[count] <= '7') ++count;
  } else if (c == 'N') {
    fail_syntax(line, "character names in strings (\\N{...}) are not supported");
  } else if (count == 0) {
    out += '\\';  // an unknown escape stays as it is
    return 0;
  }
  uint32_t code = 0;
  const std::string_view digits = text.substr(begin, count);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
  if (digits.size() != count || parsed.ptr != digits.data() + count || code > 0x10ffff ||
      (code >= 0xd800 && code <= 0xdfff)) {
    fail_syntax(line, "the string has an escape that is no character: \\" +
                          std::string(text.substr(0, begin + digits.size())));
  }
  append_code_point(code, out);
  return begin + count;
}

void Lexer::read_string() {
  const char mark = rest_[0];
  std::string out;
  size_t i = 1;
  while (i < rest_.size() && rest_[i] != mark) {
    if (rest_[i] != '\\') {
      out += rest_[i++];
    } else if (i + 1 < rest_.size()) {
      i += 1 + append_escape(rest_.substr(i + 1), line_, out);
    } else {
      break;
    }
  }
  if (i >= rest_.size() || rest_[i] != mark) fail_syntax(line_, "the string is not closed");
  push(TokenKind::kString, std::move(out));
  advance(i + 1);
}

}  // namespace

void fail_syntax(int line, const std::string& message) {
  throw Error(ErrorCode::kInvalidFormat,
              "chat template, line " + std::to_string(line) + ": " + message);
}

std::vector<Token> tokenize(std::string_view source) {
  if (find_invalid_utf8(source)) {
    throw Error(ErrorCode::kInvalidFormat, "chat template: the text is not valid UTF-8");
  }
  return Lexer(source).run();
}

}  // namespace ferrum::jinja
