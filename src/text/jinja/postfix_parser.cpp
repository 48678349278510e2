// What follows an operand: .name, [key], (arguments), |filter, is test.

#include <algorithm>

#include "text/jinja/expression_parser.h"

namespace ferrum::jinja {
ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr node) {
  for (;;) {
    if (current().is_operator(".") || current().is_operator("[")) {
      node = parse_subscript(std::move(node));
    } else if (current().is_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters_and_tests(ExpressionPtr node) {
  for (;;) {
    if (current().is_operator("|")) {
      node = parse_filters(std::move(node));
    } else if (current().is_name("is")) {
      node = parse_test(std::move(node));
    } else if (current().is_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr node) {
  const int line = current().line;
  const int height = height_of(node);
  if (skip_operator(".")) {
    const Token& token = take();
    if (token.is(TokenKind::kName)) {
      auto attribute = std::make_unique<Attribute>();
      attribute->object = std::move(node);
      attribute->name = token.text;
      return finish(std::move(attribute), line, height);
    }
    if (!token.is(TokenKind::kInteger)) {
      fail_syntax(token.line, "expected a name or number after '.'");
    }
    auto key = std::make_unique<Constant>();
    key->value = Value::integer(token.integer);
    auto item = std::make_unique<Item>();
    item->object = std::move(node);
    item->key = finish(std::move(key), token.line, 0);
    return finish(std::move(item), line, height);
  }
  expect_operator("[");
  if (current().is_operator(":")) return parse_slice(std::move(node), nullptr, line);
  ExpressionPtr key = parse_expression();
  if (current().is_operator(":")) return parse_slice(std::move(node), std::move(key), line);
  if (current().is_operator(",")) {
    fail_syntax(line, "subscripts of several parts are not supported");
  }
  expect_operator("]");
  auto item = std::make_unique<Item>();
  const int below = std::max(height, height_of(key));
  item->object = std::move(node);
  item->key = std::move(key);
  return finish(std::move(item), line, below);
}

ExpressionPtr ExpressionParser::parse_slice(ExpressionPtr node, ExpressionPtr start, int line) {
  auto slice = std::make_unique<SliceItem>();
  slice->object = std::move(node);
  slice->start = std::move(start);
  const auto parse_end = [&]() -> ExpressionPtr {
    if (current().is_operator(":") || current().is_operator("]")) return nullptr;
    return parse_expression();
  };
  expect_operator(":");
  slice->stop = parse_end();
  if (skip_operator(":")) slice->step = parse_end();
  expect_operator("]");
  const int below = std::max({height_of(slice->object), height_of(slice->start),
                              height_of(slice->stop), height_of(slice->step)});
  return finish(std::move(slice), line, below);
}

ExpressionPtr ExpressionParser::parse_call(ExpressionPtr node) {
  auto call = std::make_unique<CallExpression>();
  const int line = current().line;
  call->callee = std::move(node);
  call->arguments = parse_arguments();
  const int below = std::max(height_of(call->callee), call->arguments.height());
  return finish(std::move(call), line, below);
}

ArgumentList ExpressionParser::parse_arguments() {
  const int line = current().line;
  expect_operator("(");
  ArgumentList list;
  const auto ensure = [&](bool allowed) {
    if (!allowed) fail_syntax(line, "invalid syntax for function call expression");
  };
  for (bool first = true; !current().is_operator(")"); first = false) {
    if (!first) expect_operator(",");
    if (current().is_operator(")")) break;
    if (skip_operator("*")) {
      ensure(!list.star && !list.double_star);
      list.star = parse_expression();
    } else if (skip_operator("**")) {
      ensure(!list.double_star);
      list.double_star = parse_expression();
    } else if (current().is(TokenKind::kName) && ahead().is_operator("=")) {
      ensure(!list.double_star);
      std::string name = take().text;
      take();
      list.named.emplace_back(std::move(name), parse_expression());
    } else {
      ensure(!list.star && !list.double_star && list.named.empty());
      list.positional.push_back(parse_expression());
    }
  }
  take();
  return list;
}

std::string ExpressionParser::parse_dotted_name() {
  std::string name = expect(TokenKind::kName, "a name").text;
  while (skip_operator(".")) name += "." + expect(TokenKind::kName, "a name").text;
  return name;
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr input, bool inline_start) {
  while (inline_start || skip_operator("|")) {
    inline_start = false;
    auto filter = std::make_unique<Filter>();
    const int line = current().line;
    filter->name = parse_dotted_name();
    filter->builtin = find_filter(filter->name);
    if (!filter->builtin) note_unknown(line, "filter", filter->name);
    if (current().is_operator("(")) filter->arguments = parse_arguments();
    const int below = std::max(height_of(input), filter->arguments.height());
    filter->input = std::move(input);
    input = finish(std::move(filter), line, below);
  }
  return input;
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr node) {
  const int line = take().line;
  const bool negated = skip_name("not");
  auto test = std::make_unique<Test>();
  test->name = parse_dotted_name();
  test->builtin = find_test(test->name);
  if (!test->builtin) note_unknown(line, "test", test->name);
  const Token& next = current();
  const bool operand = next.is(TokenKind::kName) || next.is(TokenKind::kString) ||
                       next.is(TokenKind::kInteger) || next.is(TokenKind::kFloat) ||
                       next.is_operator("[") || next.is_operator("{");
  if (next.is_operator("(")) {
    test->arguments = parse_arguments();
  } else if (operand && !next.is_name("else") && !next.is_name("or") && !next.is_name("and")) {
    if (next.is_name("is")) fail_syntax(next.line, "tests cannot be chained with 'is'");
    test->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  const int below = std::max(height_of(node), test->arguments.height());
  test->input = std::move(node);
  ExpressionPtr result = finish(std::move(test), line, below);
  if (!negated) return result;
  auto negation = std::make_unique<Unary>();
  const int height = height_of(result);
  negation->operand = std::move(result);
  return finish(std::move(negation), line, height);
}

}  // namespace ferrum::jinja
