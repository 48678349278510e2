#include "text/jinja/parser.h"

#include <algorithm>
#include <array>

#include "text/jinja/expression_parser.h"

namespace ferrum::jinja {
namespace {

class Parser : ExpressionParser {
 public:
  explicit Parser(std::string_view source) : ExpressionParser(tokenize(source)) {}

  Block parse() { return parse_block({}); }

 private:
  using Ends = std::initializer_list<std::string_view>;

  // Statements up to a tag that begins with one of `ends`, which is left to read; up to the end
  // of the template where there are none.
  Block parse_block(Ends ends);
  // The body of a tag: its "%}", then statements.
  Block parse_body(Ends ends);
  StatementPtr parse_statement();
  StatementPtr parse_if();
  StatementPtr parse_for();
  StatementPtr parse_set();
  StatementPtr parse_with();
  StatementPtr parse_macro();
  StatementPtr parse_call_block();
  StatementPtr parse_filter_block();
  StatementPtr parse_generation();
  StatementPtr parse_jump();
  Target parse_target(bool with_attributes, std::string_view end);
  Target parse_one_target(bool with_attributes);
  void parse_parameters(MacroBody& macro);
  void parse_macro_body(MacroBody& macro, std::string_view end);

  int loops_ = 0;  // around this statement, within its macro
};

bool is_one_of(const Token& token, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return token.is_name(name); });
}

Block Parser::parse_block(Ends ends) {
  const Depth depth(*this);
  Block block;
  for (;;) {
    const Token& token = current();
    StatementPtr statement;
    if (token.is(TokenKind::kText)) {
      auto text = std::make_unique<Text>();
      text->text = take().text;
      statement = std::move(text);
    } else if (token.is(TokenKind::kPrintBegin)) {
      take();
      auto print = std::make_unique<Print>();
      print->value = parse_tuple();
      expect(TokenKind::kPrintEnd, "'}}'");
      statement = std::move(print);
    } else if (token.is(TokenKind::kBlockBegin)) {
      take();
      if (is_one_of(current(), ends)) return block;
      statement = parse_statement();
      expect(TokenKind::kBlockEnd, "'%}'");
    } else {
      if (ends.size() == 0) return block;
      fail_syntax(token.line, "unexpected end of template, looking for '" +
                                  std::string(*(ends.end() - 1)) + "'");
    }
    if (unknown_) fail_syntax(unknown_->line, unknown_->message);
    statement->line = token.line;
    block.push_back(std::move(statement));
  }
}

Block Parser::parse_body(Ends ends) {
  skip_operator(":");
  expect(TokenKind::kBlockEnd, "'%}'");
  return parse_block(ends);
}

StatementPtr Parser::parse_statement() {
  const Token& tag = expect(TokenKind::kName, "a tag name");
  const std::string& name = tag.text;
  if (name == "if") return parse_if();
  if (name == "for") return parse_for();
  if (name == "set") return parse_set();
  if (name == "with") return parse_with();
  if (name == "macro") return parse_macro();
  if (name == "call") return parse_call_block();
  if (name == "filter") return parse_filter_block();
  if (name == "generation") return parse_generation();
  if (name == "break" || name == "continue") {
    auto jump = std::make_unique<Jump>();
    jump->flow = name == "break" ? Flow::kBreak : Flow::kContinue;
    if (loops_ == 0) fail_syntax(tag.line, "'" + name + "' outside a loop");
    return jump;
  }
  static constexpr std::array kRefused = {"autoescape", "block", "do", "extends", "from",
                                          "import",     "include", "print"};
  if (std::find(kRefused.begin(), kRefused.end(), name) != kRefused.end()) {
    fail_syntax(tag.line, "the statement '" + name + "' is not supported in chat templates");
  }
  fail_syntax(tag.line, "Encountered unknown tag '" + name + "'.");
}

StatementPtr Parser::parse_if() {
  auto node = std::make_unique<If>();
  ++conditions_;
  for (;;) {
    ExpressionPtr condition = parse_tuple(false);
    node->branches.emplace_back(std::move(condition), parse_body({"elif", "else", "endif"}));
    const Token& token = take();
    if (token.is_name("elif")) continue;
    if (token.is_name("else")) {
      node->otherwise = parse_body({"endif"});
      take();
    }
    --conditions_;
    return node;
  }
}

StatementPtr Parser::parse_for() {
  auto node = std::make_unique<For>();
  node->target = parse_target(false, "in");
  expect_name("in");
  node->iterable = parse_tuple(false, "recursive");
  if (skip_name("if")) node->condition = parse_expression();
  node->recursive = skip_name("recursive");
  ++loops_;
  node->body = parse_body({"endfor", "else"});
  --loops_;
  if (take().is_name("else")) {
    node->otherwise = parse_body({"endfor"});
    take();
  }
  return node;
}

Target Parser::parse_one_target(bool with_attributes) {
  Target target;
  const Token& token = current();
  target.line = token.line;
  if (skip_operator("(")) {
    target = parse_target(with_attributes, {});
    expect_operator(")");
    return target;
  }
  if (!token.is(TokenKind::kName)) fail_expected("a name to assign to");
  if (is_one_of(token, {"true", "false", "none", "True", "False", "None"})) {
    fail_syntax(token.line, "cannot assign to '" + token.text + "'");
  }
  target.name = take().text;
  if (with_attributes && skip_operator(".")) {
    target.attribute = expect(TokenKind::kName, "the name of an attribute").text;
  }
  return target;
}

Target Parser::parse_target(bool with_attributes, std::string_view end) {
  const Depth depth(*this);
  Target tuple;
  tuple.line = current().line;
  for (;;) {
    if (tuple.is_tuple && (current().is(TokenKind::kBlockEnd) || current().is_operator(")") ||
                           (!end.empty() && current().is_name(end)))) {
      return tuple;
    }
    tuple.parts.push_back(parse_one_target(with_attributes));
    if (!skip_operator(",")) break;
    tuple.is_tuple = true;
  }
  if (tuple.is_tuple) return tuple;
  Target only = std::move(tuple.parts.front());
  return only;
}

StatementPtr Parser::parse_set() {
  Target target = parse_target(true, {});
  if (skip_operator("=")) {
    auto node = std::make_unique<Set>();
    node->target = std::move(target);
    node->value = parse_tuple();
    return node;
  }
  auto node = std::make_unique<SetBlock>();
  node->target = std::move(target);
  if (current().is_operator("|")) {
    node->filter = parse_filters(std::make_unique<CapturedText>());
  }
  node->body = parse_body({"endset"});
  take();
  return node;
}

StatementPtr Parser::parse_with() {
  auto node = std::make_unique<With>();
  while (!current().is(TokenKind::kBlockEnd)) {
    if (!node->variables.empty()) expect_operator(",");
    Target target = parse_one_target(false);
    expect_operator("=");
    node->variables.emplace_back(std::move(target), parse_expression());
  }
  node->body = parse_body({"endwith"});
  take();
  return node;
}

void Parser::parse_parameters(MacroBody& macro) {
  expect_operator("(");
  bool defaults = false;
  while (!current().is_operator(")")) {
    if (!macro.parameters.empty()) expect_operator(",");
    const Token& name = expect(TokenKind::kName, "the name of a parameter");
    ExpressionPtr fallback;
    if (skip_operator("=")) {
      fallback = parse_expression();
      defaults = true;
    } else if (defaults) {
      fail_syntax(name.line, "non-default argument follows default argument");
    }
    macro.parameters.emplace_back(name.text, std::move(fallback));
  }
  take();
}

void Parser::parse_macro_body(MacroBody& macro, std::string_view end) {
  const SpecialNames outer = std::exchange(special_names_, {});
  const int loops = std::exchange(loops_, 0);
  macro.body = parse_body({end});
  take();
  loops_ = loops;
  macro.takes_varargs = special_names_.varargs;
  macro.takes_kwargs = special_names_.kwargs;
  macro.takes_caller = special_names_.caller;
  special_names_ = outer;
}

StatementPtr Parser::parse_macro() {
  auto node = std::make_unique<Macro>();
  node->macro.name = expect(TokenKind::kName, "the name of a macro").text;
  parse_parameters(node->macro);
  parse_macro_body(node->macro, "endmacro");
  return node;
}

StatementPtr Parser::parse_call_block() {
  auto node = std::make_unique<CallBlock>();
  const int line = current().line;
  node->macro.name = "caller";
  if (current().is_operator("(")) parse_parameters(node->macro);
  ExpressionPtr call = parse_expression();
  if (!dynamic_cast<CallExpression*>(call.get())) fail_syntax(line, "expected call");
  node->call.reset(static_cast<CallExpression*>(call.release()));
  parse_macro_body(node->macro, "endcall");
  return node;
}

StatementPtr Parser::parse_filter_block() {
  auto node = std::make_unique<FilterBlock>();
  node->filter = parse_filters(std::make_unique<CapturedText>(), true);
  node->body = parse_body({"endfilter"});
  take();
  return node;
}

StatementPtr Parser::parse_generation() {
  auto node = std::make_unique<Generation>();
  node->body = parse_body({"endgeneration"});
  take();
  return node;
}

}  // namespace

Block parse_template(std::string_view source) { return Parser(source).parse(); }

}  // namespace ferrum::jinja
