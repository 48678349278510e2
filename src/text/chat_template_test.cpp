#include "ferrum/text/chat_template.h"

#include <thread>
#include <vector>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferrum {
namespace {

using testing::HasSubstr;

std::string render(std::string_view source, const OrderedJson& context = OrderedJson::object()) {
  return ChatTemplate::parse(source).render(context);
}

Error error_of(std::string_view source, const OrderedJson& context = OrderedJson::object(),
               ChatTemplateLimits limits = {}) {
  try {
    const auto chat = ChatTemplate::parse(source, {.limits = limits, .now = nullptr});
    ADD_FAILURE() << "rendered " << chat.render(context).substr(0, 100);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "no error");
}

TEST(ChatTemplate, ErrorsNameTheLine) {
  for (const std::string source :
       {"{{ missing.x }}", "{% nope %}", "{{ 'x' | nope }}", "{{ 'x'.encode() }}"}) {
    const Error error = error_of("\n\n" + source);
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat) << source;
    EXPECT_THAT(error.message(), HasSubstr("line 3")) << source;
  }
  EXPECT_THAT(error_of("{% include 'x' %}").message(), HasSubstr("'include'"));
  EXPECT_THAT(error_of("{{ 'x' | urlize }}").message(), HasSubstr("'urlize'"));
}

TEST(ChatTemplate, RaisedMessagesAreTheTemplatesOwn) {
  const Error error = error_of("\n{{ raise_exception('roles must ' + 'alternate') }}");
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "roles must alternate");
  EXPECT_THAT(error.hint(), HasSubstr("line 2"));
}

TEST(ChatTemplate, ContextMustBeAnObjectOfTextAnd64BitNumbers) {
  EXPECT_EQ(error_of("", OrderedJson::array()).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of("", {{"x", "\xff"}}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of("", {{"x", uint64_t{1} << 63}}).code(), ErrorCode::kInvalidArgument);
  OrderedJson deep = 1;
  for (int i = 0; i < 1000; ++i) deep = OrderedJson::array({deep});
  EXPECT_EQ(error_of("", {{"x", deep}}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of("\xc3").code(), ErrorCode::kInvalidFormat);
}

TEST(ChatTemplate, IntegersThatDoNotFitAreErrors) {
  for (const std::string_view source :
       {"{{ 2 ** 10 ** 9 }}", "{{ 9223372036854775807 + 1 }}", "{{ 9223372036854775808 }}",
        "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ '9223372036854775808' | int }}", "{{ 1e300 | int }}", "{{ (-1) ** 0.5 }}"}) {
    EXPECT_EQ(error_of(source).code(), ErrorCode::kInvalidFormat) << source;
  }
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
}

// Templates that would run, grow or recurse without end in Python.
TEST(ChatTemplate, HostileTemplatesEndInAnError) {
  ChatTemplateLimits limits;
  limits.steps = 1'000'000;
  const std::string deep(100'000, '(');
  const std::string chain = "{{ 1" + std::string(2'000, '+') + "1 }}";
  std::string ifs;
  for (int i = 0; i < 5'000; ++i) ifs += "{% if 1 %}";
  for (const std::string& source : {"{{ " + deep, "{{ " + std::string(100'000, '-') + "1 }}",
                                    "{{ " + std::string(100'000, '[') + " }}", ifs, chain}) {
    EXPECT_EQ(error_of(source).code(), ErrorCode::kInvalidFormat) << source.substr(0, 20);
  }
  for (const std::string_view source : {
           "{{ 'a' * 10 ** 12 }}",
           "{{ [1] * 10 ** 12 }}",
           "{{ 'a' | center(10 ** 12) }}",
           "{{ '%1000000000000d' % 1 }}",
           "{{ '{:1000000000000}'.format(1) }}",
           "{{ 'a\nb' | indent(10 ** 12) }}",
           "{{ 'a'.ljust(10 ** 15) }}",
           "{{ [1] | batch(10 ** 15, 0) | list }}",
           "{{ range(10 ** 12) }}",
           "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
           "{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}",
           "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
           "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}"
           "{% endfor %}",
           "{% set ns = namespace(x=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x, ns.x] %}"
           "{% endfor %}",
           "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
           "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x == ns.x }}{{ ns.x | string }}",
           "{% set ns = namespace(g=[1]) %}{% for i in range(999) %}"
           "{% set ns.g = ns.g | map('string') %}{% endfor %}{{ ns.g | list }}",
           "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"}) {
    const Error error = error_of(source, OrderedJson::object(), limits);
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted) << source << ": " << error.message();
  }
}

TEST(ChatTemplate, LimitsCanBeSet) {
  ChatTemplateLimits limits;
  limits.output_bytes = 10;
  EXPECT_EQ(error_of("{{ 'abcdef' }}{{ 'abcdef' }}", OrderedJson::object(), limits).code(),
            ErrorCode::kResourceExhausted);
  limits = {};
  limits.source_bytes = 3;
  EXPECT_EQ(error_of("four", OrderedJson::object(), limits).code(), ErrorCode::kResourceExhausted);
}

TEST(ChatTemplate, CyclesOfMacrosAndNamespacesAreFreed) {
  EXPECT_EQ(render("{% set ns = namespace() %}{% set ns.me = ns %}{% macro m() %}x{% endmacro %}"
                   "{% set ns.m = m %}{% for i in range(3) %}{% macro k() %}{{ i }}{% endmacro %}"
                   "{% set ns.k = k %}{% endfor %}{{ ns.me.m() }}{{ ns.k() }}"),
            "x2");
}

TEST(ChatTemplate, OneTemplateRendersOnManyThreads) {
  const auto chat = ChatTemplate::parse(
      "{% for m in messages %}{{ m.role ~ ': ' ~ m.content | trim }};{% endfor %}");
  const OrderedJson context = {{"messages", {{{"role", "user"}, {"content", " hi "}}}}};
  std::vector<std::string> results(8);
  std::vector<std::thread> threads;
  for (std::string& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) result = chat.render(context);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(results, testing::Each("user: hi;"));
}

}  // namespace
}  // namespace ferrum
