#pragma once
// The expressions of the grammar, with jinja2's precedences; the base of the statement parser.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/expressions.h"
#include "text/jinja/lexer.h"

namespace ferrum::jinja {

class ExpressionParser {
 protected:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[position_]; }
  const Token& ahead() const { return tokens_[std::min(position_ + 1, tokens_.size() - 1)]; }
  const Token& take();
  bool skip_operator(std::string_view op);
  bool skip_name(std::string_view name);
  void expect_operator(std::string_view op);
  void expect_name(std::string_view name);
  const Token& expect(TokenKind kind, std::string_view what);
  [[noreturn]] void fail_expected(std::string_view what) const;

  // One expression, or a tuple where commas follow. It ends at the end of the tag, at ")" or at
  // the name `end`.
  ExpressionPtr parse_tuple(bool with_conditional = true, std::string_view end = {},
                            bool parenthesised = false);
  ExpressionPtr parse_expression(bool with_conditional = true);
  // The filters after "|" on top of `input`; the first without its "|" where `inline_start`.
  ExpressionPtr parse_filters(ExpressionPtr input, bool inline_start = false);

  // Counts nested grammar rules while it lives, so that hostile nesting ends in an error.
  class Depth {
   public:
    explicit Depth(ExpressionParser& parser) : parser_(parser) {
      if (++parser.depth_ > ChatTemplateLimits::kSyntaxDepth) parser.fail_too_deep();
    }
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    ExpressionParser& parser_;
  };

  // Names read inside the innermost macro that Jinja gives a meaning there.
  struct SpecialNames {
    bool varargs = false, kwargs = false, caller = false;
  };
  SpecialNames special_names_;
  // Inside a condition an unknown filter or test is an error only if it is reached. Elsewhere it
  // is kept until the expression is known to be no "a if b else c".
  int conditions_ = 0;
  struct Unknown {
    int line;
    std::string message;
  };
  std::optional<Unknown> unknown_;

 private:
  [[noreturn]] void fail_too_deep() const;
  ExpressionPtr parse_conditional();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters = true);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_name();
  ExpressionPtr parse_string();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr node);
  ExpressionPtr parse_subscript(ExpressionPtr node);
  ExpressionPtr parse_slice(ExpressionPtr node, ExpressionPtr start, int line);
  ExpressionPtr parse_call(ExpressionPtr node);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr node);
  ExpressionPtr parse_test(ExpressionPtr node);
  ArgumentList parse_arguments();
  std::string parse_dotted_name();
  std::optional<Comparison> take_comparison();
  ExpressionPtr binary(Arithmetic op, ExpressionPtr left, ExpressionPtr right, int line);
  void note_unknown(int line, std::string_view what, const std::string& name);

  static int height_of(const ExpressionPtr& e) { return e ? e->height : 0; }
  // Sets line and height; refuses trees that are too high.
  template <class Node>
  ExpressionPtr finish(std::unique_ptr<Node> node, int line, int below) {
    node->line = line;
    node->height = below + 1;
    if (node->height > ChatTemplateLimits::kSyntaxDepth) fail_too_deep();
    return node;
  }

  std::vector<Token> tokens_;
  size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace ferrum::jinja
