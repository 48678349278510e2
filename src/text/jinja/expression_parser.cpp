#include "text/jinja/expression_parser.h"

#include <algorithm>

#include "text/jinja/python_text.h"

namespace ferrum::jinja {
namespace {

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText: return "text";
    case TokenKind::kBlockBegin: return "begin of statement block";
    case TokenKind::kBlockEnd: return "end of statement block";
    case TokenKind::kPrintBegin: return "begin of print statement";
    case TokenKind::kPrintEnd: return "end of print statement";
    case TokenKind::kString: return "string " + quote(token.text);
    case TokenKind::kEnd: return "end of template";
    default: return "'" + token.text + "'";
  }
}

}  // namespace

const Token& ExpressionParser::take() {
  const Token& token = current();
  if (!token.is(TokenKind::kEnd)) ++position_;
  return token;
}

bool ExpressionParser::skip_operator(std::string_view op) {
  if (!current().is_operator(op)) return false;
  take();
  return true;
}

bool ExpressionParser::skip_name(std::string_view name) {
  if (!current().is_name(name)) return false;
  take();
  return true;
}

void ExpressionParser::fail_expected(std::string_view what) const {
  fail_syntax(current().line, "expected " + std::string(what) + ", got " + describe(current()));
}

void ExpressionParser::fail_too_deep() const {
  fail_syntax(current().line, "the template is nested more than " +
                                  std::to_string(ChatTemplateLimits::kSyntaxDepth) +
                                  " levels deep");
}

void ExpressionParser::expect_operator(std::string_view op) {
  if (!skip_operator(op)) fail_expected("'" + std::string(op) + "'");
}

void ExpressionParser::expect_name(std::string_view name) {
  if (!skip_name(name)) fail_expected("'" + std::string(name) + "'");
}

const Token& ExpressionParser::expect(TokenKind kind, std::string_view what) {
  if (!current().is(kind)) fail_expected(what);
  return take();
}

void ExpressionParser::note_unknown(int line, std::string_view what, const std::string& name) {
  if (conditions_ > 0 || unknown_) return;
  unknown_ = Unknown{line, "No " + std::string(what) + " named '" + name + "'."};
}

ExpressionPtr ExpressionParser::parse_tuple(bool with_conditional, std::string_view end,
                                            bool parenthesised) {
  const int line = current().line;
  auto node = std::make_unique<Sequence>();
  int height = 0;
  bool is_tuple = false;
  for (;;) {
    if (!node->items.empty()) expect_operator(",");
    if (current().is(TokenKind::kPrintEnd) || current().is(TokenKind::kBlockEnd) ||
        current().is_operator(")") || (!end.empty() && current().is_name(end))) {
      break;
    }
    node->items.push_back(parse_expression(with_conditional));
    height = std::max(height, node->items.back()->height);
    if (!current().is_operator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !node->items.empty()) return std::move(node->items.front());
  if (!is_tuple && !parenthesised) fail_expected("an expression");
  return finish(std::move(node), line, height);
}

ExpressionPtr ExpressionParser::parse_expression(bool with_conditional) {
  return with_conditional ? parse_conditional() : parse_or();
}

ExpressionPtr ExpressionParser::parse_conditional() {
  const Depth depth(*this);
  const auto unknown_before = unknown_;
  int line = current().line;
  ExpressionPtr value = parse_or();
  while (skip_name("if")) {
    auto node = std::make_unique<Conditional>();
    node->value = std::move(value);
    node->condition = parse_or();
    if (skip_name("else")) node->otherwise = parse_conditional();
    const int height = std::max({height_of(node->value), height_of(node->condition),
                                 height_of(node->otherwise)});
    value = finish(std::move(node), line, height);
    line = current().line;
    unknown_ = unknown_before;
  }
  return value;
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr left = parse_and();
  while (current().is_name("or")) {
    const int line = take().line;
    auto node = std::make_unique<Logical>();
    node->left = std::move(left);
    node->right = parse_and();
    const int height = std::max(height_of(node->left), height_of(node->right));
    left = finish(std::move(node), line, height);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  while (current().is_name("and")) {
    const int line = take().line;
    auto node = std::make_unique<Logical>();
    node->is_and = true;
    node->left = std::move(left);
    node->right = parse_not();
    const int height = std::max(height_of(node->left), height_of(node->right));
    left = finish(std::move(node), line, height);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!current().is_name("not")) return parse_comparison();
  const Depth depth(*this);
  auto node = std::make_unique<Unary>();
  const int line = take().line;
  node->operand = parse_not();
  const int height = height_of(node->operand);
  return finish(std::move(node), line, height);
}

std::optional<Comparison> ExpressionParser::take_comparison() {
  static constexpr std::pair<std::string_view, Comparison> kOperators[] = {
      {"==", Comparison::kEqual},     {"!=", Comparison::kNotEqual},
      {"<", Comparison::kLess},       {"<=", Comparison::kLessEqual},
      {">", Comparison::kGreater},    {">=", Comparison::kGreaterEqual}};
  for (const auto& [op, comparison] : kOperators) {
    if (skip_operator(op)) return comparison;
  }
  if (skip_name("in")) return Comparison::kIn;
  if (!current().is_name("not") || !ahead().is_name("in")) return std::nullopt;
  take();
  take();
  return Comparison::kNotIn;
}

ExpressionPtr ExpressionParser::parse_comparison() {
  const int line = current().line;
  ExpressionPtr first = parse_sum();
  auto node = std::make_unique<Comparisons>();
  int height = height_of(first);
  while (const auto op = take_comparison()) {
    node->rest.emplace_back(*op, parse_sum());
    height = std::max(height, height_of(node->rest.back().second));
  }
  if (node->rest.empty()) return first;
  node->first = std::move(first);
  return finish(std::move(node), line, height);
}

ExpressionPtr ExpressionParser::binary(Arithmetic op, ExpressionPtr left, ExpressionPtr right,
                                       int line) {
  auto node = std::make_unique<Binary>();
  const int height = std::max(height_of(left), height_of(right));
  node->op = op;
  node->left = std::move(left);
  node->right = std::move(right);
  return finish(std::move(node), line, height);
}

ExpressionPtr ExpressionParser::parse_sum() {
  const int line = current().line;
  ExpressionPtr left = parse_concatenation();
  for (;;) {
    const bool add = skip_operator("+");
    if (!add && !skip_operator("-")) return left;
    left = binary(add ? Arithmetic::kAdd : Arithmetic::kSubtract, std::move(left),
                  parse_concatenation(), line);
  }
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  const int line = current().line;
  ExpressionPtr first = parse_product();
  if (!current().is_operator("~")) return first;
  auto node = std::make_unique<Concatenation>();
  int height = height_of(first);
  node->parts.push_back(std::move(first));
  while (skip_operator("~")) {
    node->parts.push_back(parse_product());
    height = std::max(height, height_of(node->parts.back()));
  }
  return finish(std::move(node), line, height);
}

ExpressionPtr ExpressionParser::parse_product() {
  static constexpr std::pair<std::string_view, Arithmetic> kOperators[] = {
      {"*", Arithmetic::kMultiply},
      {"/", Arithmetic::kDivide},
      {"//", Arithmetic::kFloorDivide},
      {"%", Arithmetic::kModulo}};
  const int line = current().line;
  ExpressionPtr left = parse_power();
  for (;;) {
    const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                     [&](const auto& o) { return skip_operator(o.first); });
    if (found == std::end(kOperators)) return left;
    left = binary(found->second, std::move(left), parse_power(), line);
  }
}

ExpressionPtr ExpressionParser::parse_power() {
  const int line = current().line;
  ExpressionPtr left = parse_unary();
  while (skip_operator("**")) {
    left = binary(Arithmetic::kPower, std::move(left), parse_unary(), line);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const Depth depth(*this);
  const int line = current().line;
  ExpressionPtr node;
  if (current().is_operator("-") || current().is_operator("+")) {
    auto unary = std::make_unique<Unary>();
    unary->op = take().text == "-" ? Unary::Op::kNegate : Unary::Op::kPlus;
    unary->operand = parse_unary(false);
    const int height = height_of(unary->operand);
    node = finish(std::move(unary), line, height);
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::parse_primary() {
  const Token& token = current();
  switch (token.kind) {
    case TokenKind::kName: return parse_name();
    case TokenKind::kString: return parse_string();
    case TokenKind::kInteger:
    case TokenKind::kFloat: {
      auto node = std::make_unique<Constant>();
      node->value = token.is(TokenKind::kFloat) ? Value::real(token.real)
                                                : Value::integer(token.integer);
      take();
      return finish(std::move(node), token.line, 0);
    }
    default: break;
  }
  if (token.is_operator("[")) return parse_list();
  if (token.is_operator("{")) return parse_dict();
  if (!skip_operator("(")) fail_expected("an expression");
  ExpressionPtr node = parse_tuple(true, {}, true);
  expect_operator(")");
  return node;
}

ExpressionPtr ExpressionParser::parse_name() {
  const Token& token = take();
  const std::string& name = token.text;
  if (name == "true" || name == "True" || name == "false" || name == "False" || name == "none" ||
      name == "None") {
    auto node = std::make_unique<Constant>();
    node->value = (name[0] | 0x20) == 'n' ? Value::none()
                                          : Value::boolean((name[0] | 0x20) == 't');
    return finish(std::move(node), token.line, 0);
  }
  special_names_.varargs |= name == "varargs";
  special_names_.kwargs |= name == "kwargs";
  special_names_.caller |= name == "caller";
  auto node = std::make_unique<Name>();
  node->name = name;
  return finish(std::move(node), token.line, 0);
}

ExpressionPtr ExpressionParser::parse_string() {
  const int line = current().line;
  std::string text;
  while (current().is(TokenKind::kString)) text += take().text;
  auto node = std::make_unique<Constant>();
  node->value = Value::constant(std::move(text));
  return finish(std::move(node), line, 0);
}

ExpressionPtr ExpressionParser::parse_list() {
  const int line = take().line;
  auto node = std::make_unique<Sequence>();
  node->kind = Kind::kList;
  int height = 0;
  while (!current().is_operator("]")) {
    if (!node->items.empty()) expect_operator(",");
    if (current().is_operator("]")) break;
    node->items.push_back(parse_expression());
    height = std::max(height, height_of(node->items.back()));
  }
  take();
  return finish(std::move(node), line, height);
}

ExpressionPtr ExpressionParser::parse_dict() {
  const int line = take().line;
  auto node = std::make_unique<DictDisplay>();
  int height = 0;
  while (!current().is_operator("}")) {
    if (!node->entries.empty()) expect_operator(",");
    if (current().is_operator("}")) break;
    ExpressionPtr key = parse_expression();
    expect_operator(":");
    ExpressionPtr value = parse_expression();
    height = std::max({height, height_of(key), height_of(value)});
    node->entries.emplace_back(std::move(key), std::move(value));
  }
  take();
  return finish(std::move(node), line, height);
}

}  // namespace ferrum::jinja
