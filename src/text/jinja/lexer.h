#pragma once
// Splits a template into text and the tokens of its tags, applying whitespace control:
// trim_blocks and lstrip_blocks are on, "-" strips, "+" preserves.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum::jinja {

enum class TokenKind : uint8_t {
  kText, kBlockBegin, kBlockEnd, kPrintBegin, kPrintEnd,
  kName, kString, kInteger, kFloat, kOperator, kEnd,
};

struct Token {
  TokenKind kind;
  int line;
  std::string text;  // of names and operators as written; of strings unescaped
  int64_t integer = 0;
  double real = 0;

  bool is(TokenKind k) const { return kind == k; }
  bool is_operator(std::string_view op) const { return kind == TokenKind::kOperator && text == op; }
  bool is_name(std::string_view name) const { return kind == TokenKind::kName && text == name; }
};

// The tokens of the template, kEnd last. Throws kInvalidFormat with the line.
std::vector<Token> tokenize(std::string_view source);

// Throws the error of a template that cannot be parsed.
[[noreturn]] void fail_syntax(int line, const std::string& message);

}  // namespace ferrum::jinja
