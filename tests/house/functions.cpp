#include "house/functions.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <string_view>
#include <utility>

namespace ferrum::house {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Blanks one text in place, left to right.
class Blanker {
 public:
  explicit Blanker(std::string text) : text_(std::move(text)) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(text_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      line_is_blank_ = true;
      ++at_;
    } else if (starts("//")) {
      blank_to_line_end();
    } else if (starts("/*")) {
      blank_to(text_.find("*/", at_ + 2), 2);
    } else if (c == '#' && line_is_blank_) {
      blank_to_line_end();
    } else if (c == '"' && at_ > 0 && text_[at_ - 1] == 'R') {
      blank_raw_string();
    } else if (c == '"' || (c == '\'' && !in_number())) {
      blank_literal(c);
    } else {
      line_is_blank_ = line_is_blank_ && std::isspace(static_cast<unsigned char>(c));
      ++at_;
    }
  }

  bool starts(std::string_view what) const { return text_.compare(at_, what.size(), what) == 0; }

  // A quote inside 1'000 separates digits: the word it stands in begins with one.
  bool in_number() const {
    size_t begin = at_;
    while (begin > 0 && (is_word(text_[begin - 1]) || text_[begin - 1] == '\'')) --begin;
    return begin < at_ && std::isdigit(static_cast<unsigned char>(text_[begin]));
  }

  void blank_to(size_t end, size_t extra) {
    end = end == std::string::npos ? text_.size() : end + extra;
    for (; at_ < end; ++at_) {
      if (text_[at_] != '\n') text_[at_] = ' ';
    }
  }

  // To the end of the line, and on over lines that end in a backslash.
  void blank_to_line_end() {
    size_t end = text_.find('\n', at_);
    while (end != std::string::npos && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
    blank_to(end, 0);
  }

  void blank_literal(char quote) {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    blank_to(std::min(end, text_.size() - 1), 1);
  }

  void blank_raw_string() {
    const size_t open = text_.find('(', at_);
    const std::string close = ")" + text_.substr(at_ + 1, open - at_ - 1) + "\"";
    blank_to(text_.find(close, at_), close.size());
  }

  std::string text_;
  size_t at_ = 0;
  bool line_is_blank_ = true;
};

std::string without_prefixes(std::string head) {
  static const std::regex kAttribute(R"(\[\[[^\]]*\]\]|\balignas\s*\([^)]*\))");
  static const std::regex kTemplate(R"(^\s*template\s*<)");
  head = std::regex_replace(head, kAttribute, " ");
  std::smatch match;
  while (std::regex_search(head, match, kTemplate)) {
    size_t end = static_cast<size_t>(match.length());
    for (int depth = 1; end < head.size() && depth > 0; ++end) {
      depth += head[end] == '<' ? 1 : head[end] == '>' ? -1 : 0;
    }
    head.erase(0, end);
  }
  return head;
}

enum class Brace { kScope, kFunction, kMemberInit };

// What the brace after `head` opens; head is the text since the last ; { or } of the scope.
Brace classify(std::string head) {
  static const std::regex kScope(R"(^\s*((inline|static|constexpr|const|typedef)\s+)*)"
                                 R"((namespace|class|struct|union|enum|extern)\b)");
  static const std::regex kValue(R"((^|[^=!<>+\-*/&|^%])=\s*([^=\s]|$))");
  static const std::regex kOperator(R"(\boperator\s*[^\s\w(]+)");
  static const std::regex kMemberInit(R"(\)[^:()]*:(?!:)[\s\S]*[\w>]\s*$)");
  head = std::regex_replace(without_prefixes(std::move(head)), kOperator, "operator");
  if (std::regex_search(head, kScope) && head.find(')') == std::string::npos) return Brace::kScope;
  std::string outside;  // head without what stands in parentheses
  int depth = 0;
  for (const char c : head) {
    depth -= c == ')';
    if (depth == 0) outside += c;
    depth += c == '(';
  }
  std::smatch value;
  if (std::regex_search(outside, value, kValue)) {
    return value[2] == "[" ? Brace::kFunction : Brace::kScope;  // a lambda, or a table
  }
  if (head.find(')') == std::string::npos) return Brace::kScope;
  return std::regex_search(outside, kMemberInit) ? Brace::kMemberInit : Brace::kFunction;
}

class Scanner {
 public:
  explicit Scanner(std::string text) : text_(std::move(text)) {}

  FunctionScan run() {
    for (; at_ < text_.size(); ++at_) step(text_[at_]);
    return {std::move(functions_), !broken_ && depth_ == 0};
  }

 private:
  void step(char c) {
    if (c == '{') {
      open();
    } else if (c == '}') {
      if (--depth_ < 0) broken_ = true;
      head_ = {};
    } else if (c == ';') {
      head_ = {};
    } else if (c == ':' && is_access_specifier()) {
      head_ = {};
    } else if (!std::isspace(static_cast<unsigned char>(c)) || !head_.empty()) {
      if (head_.empty()) head_line_ = line_;
      head_ += c;
    }
    line_ += c == '\n';
  }

  bool is_access_specifier() const {
    return head_ == "public" || head_ == "private" || head_ == "protected";
  }

  void open() {
    const Brace brace = classify(head_);
    if (brace == Brace::kScope) {
      ++depth_;
      head_ = {};
      return;
    }
    skip_braces();
    if (brace == Brace::kMemberInit) {
      head_ += "()";  // b_{1} reads like b_(1)
      return;
    }
    functions_.push_back({head_line_, line_});
    head_ = {};
  }

  // From an opening brace to the one that closes it.
  void skip_braces() {
    for (int depth = 0; at_ < text_.size(); ++at_) {
      depth += text_[at_] == '{' ? 1 : text_[at_] == '}' ? -1 : 0;
      if (depth == 0) return;
      line_ += text_[at_] == '\n';
    }
    broken_ = true;
  }

  std::string text_;
  size_t at_ = 0;
  size_t line_ = 1;
  int depth_ = 0;
  bool broken_ = false;
  std::string head_;
  size_t head_line_ = 1;
  std::vector<Function> functions_;
};

}  // namespace

std::string blank_out(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return Blanker(std::move(text)).run();
}

FunctionScan scan_functions(const std::vector<std::string>& lines) {
  return Scanner(blank_out(lines)).run();
}

}  // namespace ferrum::house
